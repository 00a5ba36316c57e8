/**
 * A person's texts for one room that have not reached it: a draft, and messages. Kept over pages and tabs, so that neither a lost
 * connection nor a reload loses them, and for nobody else who uses this browser. Entries are {id, text, at, replyTo}; `at` is the wall
 * clock in ms.
 */
import { TEXT_EXPIRES_MS } from "./commands.js";
import { forget, load, save } from "./storage.js";

const PREFIX = "movie-together.texts.";

/** Far more than anybody types during an outage; the oldest entries are dropped. */
export const MOST_ENTRIES = 50;

/** Texts that were left for longer are forgotten, with whoever left them. */
export const KEPT_MS = 24 * 3_600_000;

/** Forget the texts of everybody in this browser: whoever uses it has signed out. */
export function forgetTexts() {
  forget(PREFIX);
}

export class Unsent {
  #key;
  #nowMs;

  /** `nowMs()` returns the wall clock. */
  constructor({ person, room, nowMs = Date.now }) {
    this.#key = `${PREFIX}${person}.${room}`;
    this.#nowMs = nowMs;
  }

  /** The stored entries, oldest first. */
  get entries() {
    return this.#texts.entries;
  }

  /** Store an entry, or replace the one with its id. */
  put(entry) {
    this.#save({ entries: [...this.entries.filter(({ id }) => id !== entry.id), entry].slice(-MOST_ENTRIES) });
  }

  /** Remove the entry with this id. */
  remove(id) {
    this.#save({ entries: this.entries.filter((entry) => entry.id !== id) });
  }

  /** Return whether the server still remembers the entry's id, so that sending it again cannot post it twice. */
  repeatable({ at }) {
    return this.#nowMs() - at < TEXT_EXPIRES_MS;
  }

  /** The text in the composer that was not submitted. */
  get draft() {
    return this.#texts.draft;
  }

  set draft(draft) {
    this.#save({ draft });
  }

  /** What is stored: {draft, entries}; another program's value under our key counts as nothing. */
  get #texts() {
    const nothing = { draft: "", entries: [] };
    try {
      const { at, draft, entries } = JSON.parse(load(this.#key)) ?? {};
      if (!(this.#nowMs() - at < KEPT_MS)) return nothing;
      return { draft: String(draft ?? ""), entries: entries.filter(({ id, text }) => id && text) };
    } catch {
      return nothing;
    }
  }

  #save(changes) {
    const texts = { ...this.#texts, ...changes };
    const isNothing = !texts.draft && texts.entries.length === 0;
    save(this.#key, isNothing ? null : JSON.stringify({ at: this.#nowMs(), ...texts }));
  }
}

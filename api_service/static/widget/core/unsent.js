/**
 * Chat texts that have not reached the room, kept in the tab's storage so that neither a lost connection nor a reload loses them.
 * Entries are {id, text, at, replyTo}; `at` is the wall clock in ms.
 */
import { TEXT_EXPIRES_MS } from "./commands.js";

/** Far more than anybody types during an outage; the oldest entries are dropped. */
export const MOST_ENTRIES = 50;

export class Unsent {
  #storage;
  #key;
  #draftKey;

  constructor(storage, room) {
    this.#storage = storage;
    this.#key = `movie-together.unsent.${room}`;
    this.#draftKey = `movie-together.draft.${room}`;
  }

  /** The stored entries, oldest first. */
  get entries() {
    try {
      const found = JSON.parse(this.#storage.getItem(this.#key) ?? "[]");
      return Array.isArray(found) ? found.filter(({ id, text }) => id && text) : [];
    } catch {
      return []; // another program's value under our key, or storage switched off
    }
  }

  /** Store an entry, or replace the one with its id. */
  put(entry) {
    this.#save([...this.entries.filter(({ id }) => id !== entry.id), entry].slice(-MOST_ENTRIES));
  }

  /** Remove the entry with this id. */
  remove(id) {
    this.#save(this.entries.filter((entry) => entry.id !== id));
  }

  /** Return whether the server still remembers the entry's id at `nowMs`, so that sending it again cannot post it twice. */
  repeatable({ at }, nowMs) {
    return nowMs - at < TEXT_EXPIRES_MS;
  }

  /** The text in the composer that was not submitted. */
  get draft() {
    try {
      return this.#storage.getItem(this.#draftKey) ?? "";
    } catch {
      return "";
    }
  }

  set draft(text) {
    this.#set(this.#draftKey, text);
  }

  #save(entries) {
    this.#set(this.#key, entries.length ? JSON.stringify(entries) : "");
  }

  #set(key, value) {
    try {
      if (value) this.#storage.setItem(key, value);
      else this.#storage.removeItem(key);
    } catch {
      // Storage is full or switched off: the text stays on the page and only a reload would lose it.
    }
  }
}

/**
 * What was typed and has not reached the room: kept in the tab's own storage, so that neither a lost line nor a reload loses it.
 * Entries: {id, text, at} (`at`: wall clock ms). A text is repeated under its id while the server still remembers ids.
 */
import { TEXT_LIVES_MS } from "./commands.js";

/** More than anybody types while a line is down; the oldest give way. */
export const KEPT = 50;

export class Unsent {
  #storage;
  #key;
  #draftKey;

  constructor(storage, room) {
    this.#storage = storage;
    this.#key = `movie-together.unsent.${room}`;
    this.#draftKey = `movie-together.draft.${room}`;
  }

  get all() {
    try {
      const found = JSON.parse(this.#storage.getItem(this.#key) ?? "[]");
      return Array.isArray(found) ? found.filter(({ id, text }) => id && text) : [];
    } catch {
      return []; // another program's value under our key, or storage switched off
    }
  }

  put(entry) {
    this.#save([...this.all.filter(({ id }) => id !== entry.id), entry].slice(-KEPT));
  }

  remove(id) {
    this.#save(this.all.filter((entry) => entry.id !== id));
  }

  /** May this entry still be repeated under its id without being said twice? */
  repeatable({ at }, nowMs) {
    return nowMs - at < TEXT_LIVES_MS;
  }

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
      // Full or switched off: the text stays on the page, only a reload would lose it.
    }
  }
}

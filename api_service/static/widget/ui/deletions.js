/** Deletions that can still be undone: whoever deletes sees it at once, the room is asked a moment later, since it keeps no deleted text. */

export const UNDO_MS = 5_000;

export class Deletions {
  #timers = new Map();
  #asked = new Set();
  #on;

  /** `on` is {changed(id), due(id)}: the message's line is another one now; have the room delete it (returns a promise of the answer). */
  constructor(on) {
    this.#on = on;
  }

  /** Whether a message is shown as deleted here. @param {string} id */
  has(id) {
    return this.#timers.has(id) || this.#asked.has(id);
  }

  /** Whether that can be undone. @param {string} id */
  undoable(id) {
    return this.#timers.has(id);
  }

  /** Delete a message, in a moment. @param {string} id */
  add(id) {
    if (this.has(id)) return;
    this.#timers.set(id, setTimeout(() => this.#ask(id), UNDO_MS));
    this.#on.changed(id);
  }

  /** Keep the message after all. @param {string} id */
  undo(id) {
    clearTimeout(this.#timers.get(id));
    if (this.#timers.delete(id)) this.#on.changed(id);
  }

  /** Delete all at once: nobody will be there to undo it. */
  flush() {
    for (const id of [...this.#timers.keys()]) this.#ask(id);
  }

  #ask(id) {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    this.#asked.add(id);
    this.#on.changed(id);
    const settle = () => {
      this.#asked.delete(id);
      this.#on.changed(id); // a refused one is there again
    };
    this.#on.due(id).then(settle, settle);
  }
}

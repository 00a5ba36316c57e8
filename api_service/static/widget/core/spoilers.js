/** Spoilers: messages about a moment of the film that this viewer has not seen yet, as others have. */
import { load, save } from "./storage.js";

const KEY = "movie-together.spoilers";

/** Whose player is this much behind the room, ms, is told nothing that lies ahead of it. */
export const BEHIND_MS = 5_000;

/** Return whether messages are held back for this browser's viewer; true unless the viewer has said otherwise. */
export function loadHoldsSpoilers() {
  return load(KEY) !== "shown";
}

/** Store whether messages are held back for this browser's viewer. */
export function saveHoldsSpoilers(holds) {
  save(KEY, holds ? "held" : "shown");
}

export class Spoilers {
  #ownMs = null;
  #seenMs = 0;

  /**
   * Return from which place of the film on messages are held back, ms; Infinity where none is. `ownMs` is the player's place, null while
   * it has none (it loads, or waits for data): then what was last known counts. What was seen once is no spoiler any more, nor what was
   * told while this viewer was level with the room.
   */
  fromMs(ownMs, roomMs) {
    this.#ownMs = ownMs ?? this.#ownMs;
    const isBehind = this.#ownMs !== null && roomMs !== null && roomMs - this.#ownMs > BEHIND_MS;
    this.#seenMs = Math.max(this.#seenMs, this.#ownMs ?? 0, this.#ownMs === null || isBehind ? 0 : roomMs);
    return isBehind && loadHoldsSpoilers() ? this.#seenMs : Infinity;
  }
}

/** Merges the many seeks of a dragged seek bar into one command for the place where it stops. */

/** The seek bar counts as released once it has not moved for this long. */
export const SETTLED_AFTER_MS = 200;

export class SeekDebounce {
  #onSettled;
  #timer = null;

  /** `onSettled(positionMs)` is called once per drag, with a whole number of ms. */
  constructor(onSettled) {
    this.#onSettled = onSettled;
  }

  /** Note the seek bar's newest position. */
  moveTo(positionMs) {
    this.cancel();
    this.#timer = setTimeout(() => this.#onSettled(Math.round(positionMs)), SETTLED_AFTER_MS);
  }

  /** Forget the drag under way. */
  cancel() {
    clearTimeout(this.#timer);
  }
}

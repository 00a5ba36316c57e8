/** Brings the player back to the room after moves that nobody made: at once, then ever later against whoever insists. */

/** A move counts as insistence if it comes this soon after the last return. */
export const CALM_MS = 10_000;
const FIRST_WAIT_MS = 500;

/** After so many returns without calm the player stays as it is for that time. */
export const RETURNS_AT_MOST = 6;

export class Returns {
  #onReturn;
  #timer = null;
  #count = 0;
  #lastMs = -Infinity;

  constructor(onReturn) {
    this.#onReturn = onReturn;
  }

  /** Return soon, unless that is due already. */
  soon() {
    if (this.#timer !== null) return;
    if (performance.now() - this.#lastMs > CALM_MS) this.#count = 0;
    if (this.#count === RETURNS_AT_MOST) return;
    const waitMs = this.#count === 0 ? 0 : FIRST_WAIT_MS * 2 ** (this.#count - 1);
    this.#count += 1;
    this.#timer = setTimeout(() => {
      this.stop();
      this.#lastMs = performance.now();
      this.#onReturn();
    }, waitMs);
  }

  /** Cancel the return that is due. */
  stop() {
    clearTimeout(this.#timer);
    this.#timer = null;
  }
}

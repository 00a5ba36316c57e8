/** A seek bar that is dragged asks for many places; only the one where it rests is meant. */
export const RESTS_MS = 200;

export class Drag {
  #rested;
  #timer = null;

  /** `rested(positionMs)` is called once nothing moved for a while. */
  constructor(rested) {
    this.#rested = rested;
  }

  to(positionMs) {
    this.drop();
    this.#timer = setTimeout(() => this.#rested(Math.round(positionMs)), RESTS_MS);
  }

  drop() {
    clearTimeout(this.#timer);
  }
}

/** Whether this player has run dry: the room may wait for it, so it is told honestly, and not for every stumble. */

/** Dry for less than this is a stumble that nobody sees. */
export const STALL_MS = 300;

/** A place that the room went to has to be fetched first; longer than this, and the others may wait for it. */
export const LANDING_MS = 1_000;

export const LOOK_EVERY_MS = 100;

const PATIENCE_MS = { stall: STALL_MS, landing: LANDING_MS };

export class Buffering {
  #dry;
  #heard;
  #now;
  #timer = null;
  #sinceMs = null;
  #told = false;

  /**
   * `dry()` says what keeps the film from moving here though the room wants it to: "stall", "landing" (a seek of the room's is under
   * way), "correcting" (the widget's own seek: no reason to hold anybody), or null. `heard(yes)` is called on each change.
   */
  constructor({ dry, heard, now = () => performance.now() }) {
    this.#dry = dry;
    this.#heard = heard;
    this.#now = now;
  }

  /** Looks from now on; nothing has been told yet. */
  start() {
    this.stop();
    this.#told = false;
    this.#sinceMs = null;
    this.#timer = setInterval(() => this.look(), LOOK_EVERY_MS);
  }

  stop() {
    clearInterval(this.#timer);
  }

  look() {
    const dry = this.#dry();
    if (dry === null) {
      this.#sinceMs = null;
      return this.#tell(false);
    }
    this.#sinceMs ??= this.#now();
    const patienceMs = PATIENCE_MS[dry];
    return patienceMs !== undefined && this.#now() - this.#sinceMs >= patienceMs ? this.#tell(true) : undefined;
  }

  #tell(told) {
    if (told === this.#told) return;
    this.#told = told;
    this.#heard(told);
  }
}

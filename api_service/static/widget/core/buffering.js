/** Whether this player has run dry: the room may wait for it, so it is told honestly, and not for every stumble. */

/** Dry for less than this is a stumble that nobody sees. */
export const STALL_MS = 300;

/** A place that the room went to has to be fetched first; longer than this, and the others may wait for it. */
export const LANDING_MS = 1_000;

/** Who could only play the next frames would run dry again at once: so long they are given to get more. */
export const THIN_MS = 1_000;

export const LOOK_EVERY_MS = 100;

const PATIENCE_MS = { stall: STALL_MS, landing: LANDING_MS };

export class Buffering {
  #dry;
  #heard;
  #now;
  #timer = null;
  #sinceMs = null;
  #thinSinceMs = null;
  #told = false;

  /**
   * `dry()` says what keeps the film from moving here though the room wants it to: "stall", "landing" (a seek of the room's is under
   * way), "excused" (a seek of the widget's own, or the start still lies ahead: no reason to hold anybody, nor a sign that it can
   * play), "thin" (it can play, but not for long), or null. `heard(yes)` is called on each change.
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
    const now = this.#now();
    this.#thinSinceMs = dry === "thin" ? this.#thinSinceMs ?? now : null;
    if (dry === null || dry === "thin") {
      this.#sinceMs = null;
      if (dry === null || now - this.#thinSinceMs >= THIN_MS) this.#tell(false);
      return;
    }
    this.#sinceMs ??= now;
    if (now - this.#sinceMs >= (PATIENCE_MS[dry] ?? Infinity)) this.#tell(true);
  }

  #tell(told) {
    if (told === this.#told) return;
    this.#told = told;
    this.#heard(told);
  }
}

/**
 * When to call play() so that the film moves at a given instant: earlier by the player's start latency.
 *
 * After a seek the latency is 75 to 90 ms (± 10 to 20), as the player fills its buffers anew; after a pause next to nothing
 * (-7 to 7 ms, both measured in Chromium). The two are learnt apart: the error of each start moves the next lead of its kind by half.
 */

export const FIRST_LEAD_MS = Object.freeze({ seek: 75, pause: 0 });
export const LONGEST_LEAD_MS = 400;

/** A player that has to seek first aims its start this far ahead; twice as far after each seek that came too late. */
export const FIRST_SEEK_MS = 250;
export const LONGEST_SEEK_MS = 4_000;

export class StartTiming {
  #leadsMs = { ...FIRST_LEAD_MS };
  #seekMs = FIRST_SEEK_MS;

  /** Return how many ms before the instant to call play(); `after` is what stopped the player: "seek" or "pause". */
  leadMs(after) {
    return this.#leadsMs[after];
  }

  /** How far ahead, in ms, a start with a seek aims. */
  get seekMs() {
    return this.#seekMs;
  }

  /** Learn from a start's first error at rate 1 (the player's position minus the room's, ms). */
  started(after, errorMs) {
    if (Math.abs(errorMs) > LONGEST_LEAD_MS) return; // a stall, not a latency
    this.#leadsMs[after] = Math.min(LONGEST_LEAD_MS, Math.max(0, this.#leadsMs[after] - errorMs / 2));
  }

  /** Aim further ahead: a seek took longer than there was time. */
  seekWasLate() {
    this.#seekMs = Math.min(LONGEST_SEEK_MS, this.#seekMs * 2);
  }

  /** Learn how far ahead to aim from a seek that took `tookMs`. */
  seekTook(tookMs) {
    const needed = tookMs * 1.5 + this.#leadsMs.seek;
    this.#seekMs = Math.min(LONGEST_SEEK_MS, Math.max(FIRST_SEEK_MS, (this.#seekMs + needed) / 2));
  }
}

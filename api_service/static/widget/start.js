/**
 * When to call play() so that the film moves at a given instant. `play()` takes 75 to 90 ms (± 10 to 20) to move the
 * picture; each start shows how much, and the next one is earlier or later by half of the error.
 */

export const FIRST_LEAD_MS = 75;
export const LONGEST_LEAD_MS = 400;

/** A start aims this far ahead when the player must seek first; doubled while seeks come too late. */
export const FIRST_SEEK_MS = 250;
export const LONGEST_SEEK_MS = 4_000;

export class StartTiming {
  #leadMs = FIRST_LEAD_MS;
  #seekMs = FIRST_SEEK_MS;

  /** How long before the instant play() is called. */
  get leadMs() {
    return this.#leadMs;
  }

  /** How far ahead a start with a seek aims. */
  get seekMs() {
    return this.#seekMs;
  }

  /** Learns from a start's first error at rate 1 (the player's position minus the room's, ms; ahead is positive). */
  started(errorMs) {
    if (Math.abs(errorMs) > LONGEST_LEAD_MS) return; // a stall, not a latency
    this.#leadMs = Math.min(LONGEST_LEAD_MS, Math.max(0, this.#leadMs - errorMs / 2));
  }

  /** A seek took longer than the time there was. */
  late() {
    this.#seekMs = Math.min(LONGEST_SEEK_MS, this.#seekMs * 2);
  }

  /** A seek took `tookMs`: aim no further ahead than it needs. */
  sought(tookMs) {
    const needed = tookMs * 1.5 + this.#leadMs;
    this.#seekMs = Math.min(LONGEST_SEEK_MS, Math.max(FIRST_SEEK_MS, (this.#seekMs + needed) / 2));
  }
}

/**
 * When to call play() so that the film moves at a given instant: so much earlier as it takes to move the picture.
 *
 * After a seek that is 75 to 90 ms (± 10 to 20): the player's buffers are filled anew. Going on from a pause takes next to
 * nothing (measured in Chromium: -7 to 7 ms). So the two are learnt apart: each start shows its error, and the next one of
 * its kind is earlier or later by half of it.
 */

export const FIRST_LEAD_MS = Object.freeze({ sought: 75, paused: 0 });
export const LONGEST_LEAD_MS = 400;

/** A start aims this far ahead when the player must seek first; doubled while seeks come too late. */
export const FIRST_SEEK_MS = 250;
export const LONGEST_SEEK_MS = 4_000;

export class StartTiming {
  #leadsMs = { ...FIRST_LEAD_MS };
  #seekMs = FIRST_SEEK_MS;

  /** How long before the instant play() is called; `kind` says how the player came to stand: "sought" or "paused". */
  leadMs(kind) {
    return this.#leadsMs[kind];
  }

  /** How far ahead a start with a seek aims. */
  get seekMs() {
    return this.#seekMs;
  }

  /** Learns from a start's first error at rate 1 (the player's position minus the room's, ms; ahead is positive). */
  started(kind, errorMs) {
    if (Math.abs(errorMs) > LONGEST_LEAD_MS) return; // a stall, not a latency
    this.#leadsMs[kind] = Math.min(LONGEST_LEAD_MS, Math.max(0, this.#leadsMs[kind] - errorMs / 2));
  }

  /** A seek took longer than the time there was. */
  late() {
    this.#seekMs = Math.min(LONGEST_SEEK_MS, this.#seekMs * 2);
  }

  /** A seek took `tookMs`: aim no further ahead than it needs. */
  sought(tookMs) {
    const needed = tookMs * 1.5 + this.#leadsMs.sought;
    this.#seekMs = Math.min(LONGEST_SEEK_MS, Math.max(FIRST_SEEK_MS, (this.#seekMs + needed) / 2));
  }
}

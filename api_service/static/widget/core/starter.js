/** Brings a paused player to where the film will be, so that it can be started to move there at that instant. */
import { StartTiming } from "./start.js";

/** A paused player is sought only when it is further off than this: less than a frame, which nobody sees. */
export const SAME_FRAME_MS = 10;

/** A start that would be later than this aims anew; a smaller delay the drift controller removes sooner than a seek would. */
const LATE_MS = 80;

/** After this many aims the player starts wherever it is, and the drift controller does the rest. */
const AIMS_AT_MOST = 5;

export class Starter {
  #control;
  #now;
  #timing = new StartTiming();
  #last = null;

  /** `control` moves the player; `now()` returns the server's time in ms. */
  constructor({ control, now }) {
    this.#control = control;
    this.#now = now;
  }

  /**
   * Seek to where the film will be, wait for the player, and resolve at the moment to call play(): true, or false if `outdated()` or the
   * film will have ended. The film moves from `atMs` on; `target(ms)` is its position at the server's time `ms`, and `endMs` its end.
   */
  async prepare({ atMs, target, endMs, outdated }) {
    for (let aim = 1; ; aim += 1) {
      const { startsAtMs, seekAfter } = this.#aim(atMs, target, aim - 1);
      if (target(startsAtMs) >= endMs) return false;
      const beganMs = this.#now();
      await this.#control.arrival(outdated);
      if (outdated()) return false;
      // The first seek on a page is of its own kind; one that follows a missed aim is like any other.
      if (seekAfter) this.#timing.seekTook(this.#now() - beganMs, aim === 1 ? seekAfter : "seek");
      const lateMs = this.#now() - startsAtMs + this.#timing.leadMs(this.#control.stoppedBy);
      if (lateMs > LATE_MS && aim < AIMS_AT_MOST) continue;
      await sleep(-lateMs);
      this.#last = { after: this.#control.stoppedBy, startsAtMs, calledMs: this.#now() };
      return !outdated();
    }
  }

  /** Learn the start latency from the first error after the start that was prepared last (ms, at the normal rate). */
  learn(errorMs) {
    const { after, startsAtMs, calledMs } = this.#last;
    this.#timing.started(after, startsAtMs - calledMs - errorMs);
  }

  /** Seek, unless the player stands right; return when the film will be there (server's ms) and what the seek, if any, follows: "load" or "seek". */
  #aim(atMs, target, misses) {
    const now = this.#now();
    const soonestMs = atMs > now ? atMs : now + Math.max(0, this.#timing.leadMs(this.#control.stoppedBy));
    if (Math.abs(this.#control.positionMs - target(soonestMs)) <= SAME_FRAME_MS) return { startsAtMs: soonestMs, seekAfter: null };
    const after = this.#control.stoppedBy === "load" ? "load" : "seek";
    const startsAtMs = Math.max(atMs, now + this.#timing.aimMs(after, misses));
    this.#control.seek(target(startsAtMs));
    return { startsAtMs, seekAfter: after };
  }
}

/** Resolve after `ms`. */
export function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}

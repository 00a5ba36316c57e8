/** Detects that this player has run out of film, so that the room may wait for it; short stalls are not reported. */

/** A stall shorter than this is not noticed by viewers. */
export const STALL_MS = 300;

/** After a seek of the room the new place has to be fetched first, so the report waits longer. */
export const SEEK_MS = 1_000;

/** A player that can play only the next frames would stall again at once: its recovery is reported after this time. */
export const LOW_BUFFER_MS = 1_000;

export const CHECK_EVERY_MS = 100;

/** Ms for which each reason has to last before it is reported; reasons that are not listed never are. */
const REPORT_AFTER_MS = { stalled: STALL_MS, seeking: SEEK_MS };

export class Buffering {
  #stallReason;
  #onChange;
  #now;
  #timer = null;
  #stalledSinceMs = null;
  #lowSinceMs = null;
  #reported = false;

  /**
   * `stallReason()` returns why the film does not move here although the room plays it (Player.stallReason), or null.
   * `onChange(buffering)` is called whenever the player begins or ends buffering.
   */
  constructor({ stallReason, onChange, now = () => performance.now() }) {
    this.#stallReason = stallReason;
    this.#onChange = onChange;
    this.#now = now;
  }

  /** Begin to watch the player, with nothing reported so far. */
  start() {
    this.stop();
    this.#reported = false;
    this.#stalledSinceMs = null;
    this.#timer = setInterval(() => this.check(), CHECK_EVERY_MS);
  }

  /** Stop watching the player. */
  stop() {
    clearInterval(this.#timer);
  }

  /** Read the player's state once and call `onChange` if it has changed for long enough. */
  check() {
    const reason = this.#stallReason();
    const now = this.#now();
    this.#lowSinceMs = reason === "low_buffer" ? this.#lowSinceMs ?? now : null;
    if (reason === null || reason === "low_buffer") {
      this.#stalledSinceMs = null;
      if (reason === null || now - this.#lowSinceMs >= LOW_BUFFER_MS) this.#report(false);
      return;
    }
    this.#stalledSinceMs ??= now;
    if (now - this.#stalledSinceMs >= (REPORT_AFTER_MS[reason] ?? Infinity)) this.#report(true);
  }

  #report(buffering) {
    if (buffering === this.#reported) return;
    this.#reported = buffering;
    this.#onChange(buffering);
  }
}

/** Pings: they feed the clock and notice a line that no longer answers. */

export const BURST = 8;
export const BURST_EVERY_MS = 60;
export const EVERY_MS = 2_000;

/** Unanswered for so long, the line counts as broken, whatever the socket says (a laptop that slept, a router that forgot). */
export const SILENT_AFTER_MS = 10_000;

export class Pulse {
  #clock;
  #send;
  #heard;
  #now;
  #timer = null;
  #left = 0;
  #unansweredSinceMs = null;

  /** `send(message)` sends a ping; `heard` takes {jumped(), silent()}; `now` gives local ms. */
  constructor({ clock, send, heard, now = () => performance.now() }) {
    this.#clock = clock;
    this.#send = send;
    this.#heard = heard;
    this.#now = now;
  }

  /** A connection is live: a burst, then one ping every two seconds. */
  start() {
    this.#unansweredSinceMs = null;
    this.burst();
  }

  /** The clock has to be measured anew, and soon. */
  burst() {
    this.#left = BURST;
    clearTimeout(this.#timer);
    this.#beat();
  }

  stop() {
    clearTimeout(this.#timer);
  }

  /** Takes a `pong`; `atMs` is when it came. */
  answer({ t0, t1, t2 }, atMs = this.#now()) {
    this.#unansweredSinceMs = null;
    if (this.#clock.add({ t0, t1, t2, t3: atMs })) {
      this.burst();
      this.#heard.jumped();
    }
  }

  #beat = () => {
    const now = this.#now();
    // Hidden pages get their timers once a minute: what counts is an unanswered ping's age, not the last answer's.
    if (this.#unansweredSinceMs !== null && now - this.#unansweredSinceMs > SILENT_AFTER_MS) return this.#heard.silent();
    this.#unansweredSinceMs ??= now;
    const rtt = this.#clock.rttMs;
    this.#send({ type: "ping", t0: now, ...(rtt === null ? {} : { rtt_ms: Math.max(0, Math.round(rtt * 10) / 10) }) });
    this.#left = Math.max(0, this.#left - 1);
    this.#timer = setTimeout(this.#beat, this.#left > 0 ? BURST_EVERY_MS : EVERY_MS);
    return undefined;
  };
}

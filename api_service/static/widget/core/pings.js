/** Pings: they measure the clock and detect a connection that no longer answers. */

export const BURST = 8;
export const BURST_EVERY_MS = 60;
export const EVERY_MS = 2_000;

/** While the estimate of the clock is worse than this, pings come more often (the server allows five a second). */
export const GOOD_MS = 1;
export const SOON_MS = 300;

/** A ping unanswered for this long proves the connection broken, whatever the socket says (a router that forgot it, say). */
export const SILENT_AFTER_MS = 10_000;

export class Pings {
  #clock;
  #send;
  #on;
  #now;
  #timer = null;
  #left = 0;
  #unansweredSinceMs = null;

  /** `send(message)` sends a ping; `on` is {jumped(), silent()}: a clock jumped; the connection is broken. `now` returns local ms. */
  constructor({ clock, send, on, now = () => performance.now() }) {
    this.#clock = clock;
    this.#send = send;
    this.#on = on;
    this.#now = now;
  }

  /** Send a burst of pings on a new connection, and from then on one every two seconds, or sooner while the clock is not well known. */
  start() {
    this.#unansweredSinceMs = null;
    this.burst();
  }

  /** Send a burst, to measure the clock anew. */
  burst() {
    this.#left = BURST;
    clearTimeout(this.#timer);
    this.#ping();
  }

  /** Stop sending. */
  stop() {
    clearTimeout(this.#timer);
  }

  /** Take a `pong` that was received at the local time `atMs`. */
  receive({ t0, t1, t2 }, atMs = this.#now()) {
    this.#unansweredSinceMs = null;
    if (this.#clock.add({ t0, t1, t2, t3: atMs })) {
      this.burst();
      this.#on.jumped();
    }
  }

  #ping = () => {
    const now = this.#now();
    // The age of an unanswered ping counts, not that of the last answer: hidden pages get their timers once a minute.
    if (this.#unansweredSinceMs !== null && now - this.#unansweredSinceMs > SILENT_AFTER_MS) return this.#on.silent();
    this.#unansweredSinceMs ??= now;
    const rtt = this.#clock.rttMs;
    this.#send({ type: "ping", t0: now, ...(rtt === null ? {} : { rtt_ms: Math.max(0, Math.round(rtt * 10) / 10) }) });
    this.#left = Math.max(0, this.#left - 1);
    this.#timer = setTimeout(this.#ping, this.#left > 0 ? BURST_EVERY_MS : this.#clock.uncertainMs > GOOD_MS ? SOON_MS : EVERY_MS);
    return undefined;
  };
}

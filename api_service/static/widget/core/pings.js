/**
 * Pings: they measure the clock and detect a connection that no longer answers.
 *
 * A burst on a new connection, and on any doubt: the clock jumped, a ping is not answered, a timer comes late because the machine slept. Then
 * ever fewer of them, since a settled clock needs none: a page that only watches costs the server next to nothing.
 */

export const BURST = 8;
export const BURST_EVERY_MS = 60;
/** The first pause after a burst; each further one is twice as long, up to EVERY_MOST_MS. */
export const EVERY_FIRST_MS = 2_000;
export const EVERY_MOST_MS = 15_000;

/** While the estimate of the clock is worse than this, pings come more often (the server allows five a second). */
export const GOOD_MS = 1;
export const SOON_MS = 300;

/** A ping that is not answered is repeated after this time. */
export const REPEAT_AFTER_MS = 1_500;
/**
 * A ping unanswered for this long, in which nothing else came either, proves the connection broken, whatever the socket says (a router that
 * forgot it, say). With EVERY_MOST_MS it bounds how long that takes to notice: 20 s.
 */
export const SILENT_AFTER_MS = 4_500;
/** A timer that comes later than this tells of a machine that slept. */
const SLEPT_MS = 5_000;

export class Pings {
  #clock;
  #send;
  #on;
  #now;
  #report;
  #timer = null;
  #left = 0;
  #everyMs = EVERY_FIRST_MS;
  #dueMs = 0;
  #unansweredSinceMs = null;

  /**
   * `send(message)` sends a ping; `on` is {jumped(), silent()}: a clock jumped; the connection is broken. `now` returns local ms,
   * `report()` what the player has to say along with a ping.
   */
  constructor({ clock, send, on, now = () => performance.now(), report = () => ({}) }) {
    this.#clock = clock;
    this.#report = report;
    this.#send = send;
    this.#on = on;
    this.#now = now;
  }

  /** Send a burst of pings on a new connection, and then ever fewer, or more while the clock is not well known. */
  start() {
    this.#unansweredSinceMs = null;
    this.burst();
  }

  /** Send a burst, to measure the clock anew. */
  burst() {
    this.#left = BURST;
    this.#everyMs = EVERY_FIRST_MS;
    clearTimeout(this.#timer);
    this.#ping();
  }

  /** Stop sending. */
  stop() {
    clearTimeout(this.#timer);
  }

  /** Take a `pong` that was received at the local time `atMs`. */
  receive({ t0, t1, t2 }, atMs = this.#now()) {
    this.heard();
    if (this.#clock.add({ t0, t1, t2, t3: atMs })) {
      this.burst();
      this.#on.jumped();
    }
  }

  /** Note that something was received: the connection lives. */
  heard() {
    this.#unansweredSinceMs = null;
  }

  #ping = () => {
    const now = this.#now();
    this.#unansweredSinceMs ??= now;
    const rtt = this.#clock.rttMs;
    this.#send({ type: "ping", t0: now, ...(rtt === null ? {} : { rtt_ms: Math.max(0, Math.round(rtt * 10) / 10) }), ...this.#report() });
    this.#left = Math.max(0, this.#left - 1);
    if (this.#left > 0) this.#in(BURST_EVERY_MS, this.#ping);
    else {
      const waitMs = this.#poor ? SOON_MS : REPEAT_AFTER_MS;
      this.#in(waitMs, () => this.#check(waitMs));
    }
  };

  /** Look whether the ping of `waitedMs` ago was answered, and when to send the next one. */
  #check(waitedMs) {
    const now = this.#now();
    if (this.#unansweredSinceMs !== null) {
      // The age of an unanswered ping counts, not that of the last answer: hidden pages get their timers once a minute.
      if (now - this.#unansweredSinceMs >= SILENT_AFTER_MS) return this.#on.silent();
      this.#everyMs = EVERY_FIRST_MS;
      return this.#ping();
    }
    if (this.#poor) return this.#ping();
    this.#in(this.#everyMs - waitedMs, this.#next);
    this.#everyMs = Math.min(2 * this.#everyMs, EVERY_MOST_MS);
    return undefined;
  }

  /** Whether the clock is known less well than it should be. */
  get #poor() {
    return this.#clock.uncertainMs > GOOD_MS;
  }

  #next = () => {
    if (this.#now() - this.#dueMs > SLEPT_MS) this.burst();
    else this.#ping();
  };

  #in(ms, then) {
    this.#dueMs = this.#now() + ms;
    this.#timer = setTimeout(then, ms);
  }
}

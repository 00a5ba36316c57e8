/**
 * The partition's clock as this browser sees it. All times are milliseconds.
 *
 * A ping yields four stamps (RFC 5905, section 8): t0 sent here, t1 received there, t2 answered there, t3 received here.
 * The way there takes at least min(t1 - t0) and the way back at least min(t3 - t2), each still holding the offset; taking the
 * two minima apart finds both quiet directions even when no single ping was quiet both ways (measured: shared/performance.md,
 * "In step": p95 of 4.4 ms on a line delayed by 100 ± 50 ms, against 25 ms with the one quickest ping).
 */

export const WINDOW = 30;

/** A ping that contradicts the earlier ones by more than this shows that one of the clocks was set or slept. */
export const JUMP_MS = 15;

/**
 * A jump over this may be the server's clock being set, which `rebased` tells at about the same time: until then (`shift`) or until
 * it has not come (`settle`) the old offset is used, or the film would jump with the clock.
 */
export const MAY_BE_REBASED_MS = 200;

export class Clock {
  #pings = [];
  #offsetMs = null;
  #rttMs = null;
  #before = null;

  /** Takes one ping's stamps; answers true when they prove that a clock jumped, in which case only this ping counts. */
  add({ t0, t1, t2, t3 }) {
    const offsetBefore = this.offsetMs;
    const there = t1 - t0;
    const back = t3 - t2;
    // Neither way takes less than no time: each ping confines the offset to [-back, there], and all of them together.
    const { there: quickestThere, back: quickestBack } = this.#quickest();
    const jumped = -quickestBack - there > JUMP_MS || -back - quickestThere > JUMP_MS;
    if (jumped) this.#pings = [];
    this.#pings.push({ there, back });
    if (this.#pings.length > WINDOW) this.#pings.shift();
    const quickest = this.#quickest();
    this.#offsetMs = (quickest.there - quickest.back) / 2;
    this.#rttMs = quickest.there + quickest.back;
    const far = Math.abs(this.#offsetMs - offsetBefore) > MAY_BE_REBASED_MS;
    if (jumped) this.#before = far ? offsetBefore : null;
    return jumped;
  }

  /** A jump was seen and may yet turn out to be the server's clock being set. */
  get doubted() {
    return this.#before !== null;
  }

  /** The server's clock was set by `ms`; pings that have seen it already are not moved twice. */
  shift(ms) {
    const before = this.#before;
    this.#before = null;
    if (before !== null && Math.abs(this.#offsetMs - before - ms) < Math.abs(this.#offsetMs - before)) return;
    this.#pings = this.#pings.map(({ there, back }) => ({ there: there + ms, back: back - ms }));
    if (this.#offsetMs !== null) this.#offsetMs += ms;
  }

  /** Nobody told of the jump: it was this machine's (it slept, say), and what the pings say is true. */
  settle() {
    this.#before = null;
  }

  #quickest() {
    return {
      there: Math.min(...this.#pings.map((ping) => ping.there)),
      back: Math.min(...this.#pings.map((ping) => ping.back)),
    };
  }

  /** Server's clock minus this browser's; null before the first ping. */
  get offsetMs() {
    return this.#before ?? this.#offsetMs;
  }

  /** Quickest way there plus quickest way back; null before the first ping. */
  get rttMs() {
    return this.#rttMs;
  }

  get known() {
    return this.#offsetMs !== null;
  }

  /** A first guess from the server's time in `welcome`, off by the way back: good enough until the first pong. */
  guess(serverMs, localMs) {
    if (this.#offsetMs === null) this.#offsetMs = serverMs - localMs;
  }

  /** The server's time at the local time `localMs`. */
  serverAt(localMs) {
    return localMs + (this.offsetMs ?? 0);
  }

  /** Forgets everything: another partition, another clock. */
  reset() {
    this.#pings = [];
    this.#offsetMs = null;
    this.#rttMs = null;
    this.#before = null;
  }
}

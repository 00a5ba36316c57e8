/**
 * An estimate of the clock of the room's partition. All times are milliseconds.
 *
 * A ping yields four timestamps (RFC 5905, section 8): t0 sent here, t1 received there, t2 answered there, t3 received here.
 * The outbound delay is at least min(t1 - t0) and the inbound delay at least min(t3 - t2), each shifted by the clock offset.
 * The two minima are taken apart, since no single ping need be quick in both directions: on a line delayed by 100 ± 50 ms
 * each way that leaves two players at most 4.4 ms apart (p95), and the single quickest ping 25 ms (docs/performance.md).
 */

/** The estimate uses this many of the last pings. */
export const WINDOW = 30;

/** A ping that contradicts the earlier ones by more than this shows that one of the clocks was set or suspended. */
export const JUMP_MS = 15;

/**
 * A larger jump may be the server's clock being set, which the event `rebased` announces at about the same time. Until it comes (`shift`)
 * or fails to come (`acceptJump`), the old offset stays in use: otherwise the film would jump with the clock.
 */
export const MAY_BE_REBASED_MS = 200;

export class Clock {
  #pings = [];
  #offsetMs = null;
  #rttMs = null;
  #offsetBeforeJump = null;

  /** Add one ping's timestamps; return true if they prove that a clock jumped, in which case the earlier pings are dropped. */
  add({ t0, t1, t2, t3 }) {
    const offsetBefore = this.offsetMs;
    const outbound = t1 - t0;
    const inbound = t3 - t2;
    // No delay is negative, so each ping confines the offset to [-inbound, outbound], and all of them do together.
    const before = this.#quickest();
    const jumped = -before.inbound - outbound > JUMP_MS || -inbound - before.outbound > JUMP_MS;
    if (jumped) this.#pings = [];
    this.#pings.push({ outbound, inbound });
    if (this.#pings.length > WINDOW) this.#pings.shift();
    const quickest = this.#quickest();
    this.#offsetMs = (quickest.outbound - quickest.inbound) / 2;
    this.#rttMs = quickest.outbound + quickest.inbound;
    const large = Math.abs(this.#offsetMs - offsetBefore) > MAY_BE_REBASED_MS;
    if (jumped) this.#offsetBeforeJump = large ? offsetBefore : null;
    return jumped;
  }

  /** Whether a jump was measured that may turn out to be the server's clock being set. */
  get jumpPending() {
    return this.#offsetBeforeJump !== null;
  }

  /** Move the estimate by the `ms` by which the server's clock was set, unless the pings have measured that already. */
  shift(ms) {
    const before = this.#offsetBeforeJump;
    this.#offsetBeforeJump = null;
    if (before !== null && Math.abs(this.#offsetMs - before - ms) < Math.abs(this.#offsetMs - before)) return;
    this.#pings = this.#pings.map(({ outbound, inbound }) => ({ outbound: outbound + ms, inbound: inbound - ms }));
    if (this.#offsetMs !== null) this.#offsetMs += ms;
  }

  /** Use the offset measured since the jump: no `rebased` came, so it was this machine's clock (it was suspended, say). */
  acceptJump() {
    this.#offsetBeforeJump = null;
  }

  #quickest() {
    return {
      outbound: Math.min(...this.#pings.map((ping) => ping.outbound)),
      inbound: Math.min(...this.#pings.map((ping) => ping.inbound)),
    };
  }

  /** The server's clock minus this browser's, ms; null before the first ping. */
  get offsetMs() {
    return this.#offsetBeforeJump ?? this.#offsetMs;
  }

  /** The smallest outbound plus the smallest inbound delay, ms; null before the first ping. */
  get rttMs() {
    return this.#rttMs;
  }

  /** Take the server's time from `welcome` as a first estimate, off by the inbound delay, until the first pong. */
  estimate(serverMs, localMs) {
    if (this.#offsetMs === null) this.#offsetMs = serverMs - localMs;
  }

  /** Return the server's time at the local time `localMs`. */
  serverAt(localMs) {
    return localMs + (this.offsetMs ?? 0);
  }
}

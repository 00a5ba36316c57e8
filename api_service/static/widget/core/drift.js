/**
 * The drift controller: from the readings of a running player's error to a rate or a seek. Pure: no timers, no media, no clock.
 *
 * It corrects by pulses: the rate is changed by so much and for so long that the error is gone, then the player is measured again. A pulse of
 * Chromium's rate moves the film by its area to within 1 ms, but takes effect some 80 ms late, and the readings just after a start are off by
 * up to 100 ms: no reading counts until `settleMs` after a change (measurements: docs/performance.md).
 *
 * A correction ends close to zero and the next begins only outside of a wider band, so that players in step are left alone.
 */
export const PARAMETERS = Object.freeze({
  /** Readings are taken this often, in and out of step. */
  inStepEveryMs: 50,
  outOfStepEveryMs: 20,
  /** Decisions are made on at least this many readings out of step, and on exactly as many as this in step or at another rate than the normal one. */
  fewest: 5,
  most: 20,
  /** Readings sooner than this after a start or a change of rate do not count. */
  settleMs: 150,
  /** A player whose readings differ by more than this is still coming into motion: no decision yet, but for this many readings at most. */
  steadyMs: 15,
  unsteadyAtMost: 40,
  /** Within this the player is in step; a correction ends within `endMs`. Noisy readings widen both. */
  bandMs: 3,
  endMs: 0.75,
  /**
   * The same for positions known by presented frames: a screen shows them at its refreshes only, so a film of 24 frames a second may be anywhere
   * within 8 ms, and its reading jumps by as much.
   */
  coarse: { bandMs: 11, endMs: 9 },
  /** A pulse lasts this long where that needs no larger change of the rate than is allowed. */
  pulseMs: 500,
  largestNudge: 0.05,
  smallestNudge: 0.005,
  /** In the first seconds after a start, while far off, the rate changes by this much, for a shorter time. */
  catchUpNudge: 0.2,
  catchUpAboveMs: 25,
  catchUpForMs: 5_000,
  /** A pulse is no longer than this, so that a player which ignores its rate is noticed. */
  longestPulseMs: 3_000,
  seekAboveMs: 1_000,
  /** The same for players which stall when their rate changes (Safari, iOS): they are only sought, so sooner. */
  seekOnlyAboveMs: 300,
  /** Back off after this many corrections in a row that did not help. */
  failuresBeforeBackoff: 2,
  firstBackoffMs: 2_000,
  longestBackoffMs: 60_000,
});

/** A pulse has failed if it has not reduced the error by a fifth. */
const HELPS_BY = 0.2;

export class Drift {
  #samples = [];
  #errorMs = null;
  #nudgesRate;
  #inStep = false;
  #pulsing = false;
  #corrected = null; // the error that the last pulse was to remove, until it is known whether it did
  #readFromMs = -Infinity;
  #unsteady = 0;
  #startedMs = -Infinity;
  #backoffUntilMs = -Infinity;
  #failures = { seek: 0, pulse: 0 };

  constructor({ nudgesRate = true } = {}) {
    this.#nudgesRate = nudgesRate;
  }

  /** The error in ms (ahead is positive) by the last readings, or null while there were too few since the start. */
  get errorMs() {
    return this.#errorMs;
  }

  /** How many ms to wait until the next reading. */
  get sampleEveryMs() {
    return this.#inStep ? PARAMETERS.inStepEveryMs : PARAMETERS.outOfStepEveryMs;
  }

  /** Begin with a player that starts or goes on after a stall at the local time `nowMs`; failed corrections stay counted. */
  start(nowMs) {
    this.#startedMs = nowMs;
    this.restart(nowMs);
  }

  /** Begin anew with a running player whose timeline has changed. */
  restart(nowMs) {
    this.#errorMs = null;
    this.#inStep = false;
    this.#pulsing = false;
    this.#corrected = null;
    this.#settle(nowMs);
  }

  /** Note that a pulse has ended and the player runs at the room's rate again. */
  pulseEnded(nowMs) {
    this.#pulsing = false;
    this.#settle(nowMs);
  }

  /**
   * Add a reading of the error, made at the local time `nowMs`, and return what to do: {factor, forMs} for a pulse (a factor on the room's
   * `rate`, and how long to keep it), {seek: true}, or null for nothing. `coarse` says that presented frames tell the position.
   */
  sample(errorMs, nowMs, { rate = 1, coarse = false } = {}) {
    if (this.#pulsing || nowMs < this.#readFromMs) return null;
    this.#samples = [...this.#samples, errorMs].slice(-PARAMETERS.most);
    if (this.#samples.length < (this.#inStep || rate !== 1 ? PARAMETERS.most : PARAMETERS.fewest)) return null;
    if (this.#comesIntoMotion()) return null;
    const middle = median(this.#samples);
    const off = Math.abs(middle);
    this.#errorMs = middle;
    if (off > (this.#nudgesRate ? PARAMETERS.seekAboveMs : PARAMETERS.seekOnlyAboveMs)) return this.#seek(nowMs);
    this.#failures.seek = 0;
    if (!this.#nudgesRate) return null;
    const uncertainMs = spread(this.#samples) / Math.sqrt(this.#samples.length);
    // Noisy readings: wait for more of them, unless the error stands out.
    const { bandMs, endMs } = coarse ? PARAMETERS.coarse : PARAMETERS;
    if (uncertainMs > endMs && off < 4 * uncertainMs && this.#samples.length < PARAMETERS.most) return null;
    const allowedMs = this.#inStep ? Math.max(bandMs, 3 * uncertainMs) : Math.max(endMs, uncertainMs);
    if (off <= allowedMs) return this.#arrive();
    if (this.#corrected !== null && off > this.#corrected * (1 - HELPS_BY)) this.#fail("pulse", nowMs);
    if (nowMs < this.#backoffUntilMs) return this.#arrive({ failed: true });
    return this.#pulse(middle, nowMs, rate);
  }

  /** Whether the readings after a start or a pulse still run in one direction; then only the newest are kept. */
  #comesIntoMotion() {
    if (this.#inStep || spread(this.#samples) <= PARAMETERS.steadyMs || this.#unsteady >= PARAMETERS.unsteadyAtMost) return false;
    this.#unsteady += 1;
    this.#samples = this.#samples.slice(1 - PARAMETERS.fewest);
    return true;
  }

  #arrive({ failed = false } = {}) {
    this.#inStep = true;
    this.#corrected = null;
    if (!failed) this.#failures.pulse = 0;
    return null;
  }

  #pulse(errorMs, nowMs, rate) {
    const off = Math.abs(errorMs);
    const catchesUp = off > PARAMETERS.catchUpAboveMs && nowMs - this.#startedMs < PARAMETERS.catchUpForMs;
    const nudge = catchesUp
      ? PARAMETERS.catchUpNudge
      : Math.min(PARAMETERS.largestNudge, Math.max(PARAMETERS.smallestNudge, off / (PARAMETERS.pulseMs * rate)));
    this.#inStep = false;
    this.#pulsing = true;
    this.#corrected = off;
    this.#samples = [];
    return { factor: 1 - Math.sign(errorMs) * nudge, forMs: Math.min(PARAMETERS.longestPulseMs, off / (nudge * rate)) };
  }

  #seek(nowMs) {
    if (nowMs < this.#backoffUntilMs) return null;
    this.#fail("seek", nowMs);
    this.start(nowMs);
    return { seek: true };
  }

  #fail(kind, nowMs) {
    this.#failures[kind] += 1;
    const beyond = this.#failures[kind] - PARAMETERS.failuresBeforeBackoff;
    if (beyond >= 0) this.#backoffUntilMs = nowMs + Math.min(PARAMETERS.longestBackoffMs, PARAMETERS.firstBackoffMs * 2 ** beyond);
  }

  #settle(nowMs) {
    this.#samples = [];
    this.#unsteady = 0;
    this.#readFromMs = nowMs + PARAMETERS.settleMs;
  }
}

/** Return whether a browser stalls playback when the rate changes: Safari does, and every browser of iOS. */
export function rateChangesStall({ userAgent = "", maxTouchPoints = 0, platform = "" } = {}) {
  const ios = /iP(hone|ad|od)/.test(userAgent) || (platform === "MacIntel" && maxTouchPoints > 1);
  return ios || (/Safari\//.test(userAgent) && !/(Chrome|Chromium|CriOS|Android|Edg)\//.test(userAgent));
}

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Return the range of the numbers without the outermost tenth on either side. */
function spread(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const cut = Math.floor(sorted.length / 10);
  return sorted[sorted.length - 1 - cut] - sorted[cut];
}

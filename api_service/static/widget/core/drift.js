/**
 * The drift controller: from the readings of a running player's error to a rate or a seek. Pure: no timers, no media, no clock.
 *
 * The parameters were measured between two Chromium processes: they leave 2.2 ms (median), 8.4 ms at most (docs/performance.md).
 * Tighter bands and corrections at the full rate oscillate: 48 to 160 rate changes a minute.
 */
export const PARAMETERS = Object.freeze({
  sampleEveryMs: 50,
  controlEveryMs: 250,
  samples: 5,
  deadBandMs: 5,
  /** A correction ends once the error is below this part of the dead band. */
  endAt: 0.25,
  removeOverMs: 500,
  /** A correction changes the room's rate by at most this part. */
  largestNudge: 0.05,
  /** A smaller change of the rate is not worth its cost. */
  smallestChange: 0.004,
  seekAboveMs: 1000,
  /** The same for players which stall when their rate changes (Safari, iOS): they are only sought, so sooner. */
  seekOnlyAboveMs: 300,
  /** Back off after this many corrections in a row that did not help. */
  failuresBeforeBackoff: 2,
  firstBackoffMs: 2_000,
  longestBackoffMs: 60_000,
});

/** A nudge has failed if it has not reduced the error by a fifth within this time. */
const NUDGE_HELPS_WITHIN_MS = 3_000;

export class Drift {
  #samples = [];
  #factor = 1;
  #nudgesRate;
  #failedSeeks = 0;
  #failedNudges = 0;
  #backoffUntilMs = -Infinity;
  #nudge = null;

  constructor({ nudgesRate = true } = {}) {
    this.#nudgesRate = nudgesRate;
  }

  /** The factor on the room's rate; 1 while the player is in step. */
  get factor() {
    return this.#factor;
  }

  /** The median of the last readings in ms (ahead is positive), or null while there are too few. */
  get errorMs() {
    return this.#samples.length < PARAMETERS.samples ? null : median(this.#samples);
  }

  /** Start anew after a play, a seek or a change of the room's rate; failed corrections stay counted. */
  reset() {
    this.#samples = [];
    this.#factor = 1;
    this.#nudge = null;
  }

  /** Add one reading: the player's position minus the room's, ms. */
  sample(errorMs) {
    this.#samples.push(errorMs);
    if (this.#samples.length > PARAMETERS.samples) this.#samples.shift();
  }

  /** Drop the readings: those from before a stall say nothing about the time after it. */
  clearSamples() {
    this.#samples = [];
  }

  /**
   * Return what to do at the local time `nowMs`: {factor} for the rate, {seek: true}, or null for nothing.
   * To be called every `controlEveryMs`; `rate` is the room's rate.
   */
  control(nowMs, rate = 1) {
    const errorMs = this.errorMs;
    if (errorMs === null) return null;
    const off = Math.abs(errorMs);
    if (off > (this.#nudgesRate ? PARAMETERS.seekAboveMs : PARAMETERS.seekOnlyAboveMs)) return this.#seek(nowMs);
    this.#failedSeeks = 0;
    if (!this.#nudgesRate) return null;
    const nudging = this.#factor !== 1;
    if (off <= PARAMETERS.deadBandMs * (nudging ? PARAMETERS.endAt : 1)) {
      this.#nudge = null;
      if (nudging) this.#failedNudges = 0;
      return this.#setFactor(1);
    }
    if (nowMs < this.#backoffUntilMs) return this.#setFactor(1);
    if (!this.#helps(nowMs, off)) return this.#giveUp(nowMs);
    const wanted = 1 - errorMs / (PARAMETERS.removeOverMs * rate);
    const factor = Math.min(1 + PARAMETERS.largestNudge, Math.max(1 - PARAMETERS.largestNudge, wanted));
    return Math.abs(factor - this.#factor) < PARAMETERS.smallestChange ? null : this.#setFactor(factor);
  }

  #setFactor(factor) {
    if (factor === this.#factor) return null;
    this.#factor = factor;
    this.#samples = [];
    return { factor };
  }

  #seek(nowMs) {
    if (nowMs < this.#backoffUntilMs) return null;
    this.#failedSeeks += 1;
    this.#backOff(this.#failedSeeks, nowMs);
    this.reset();
    return { seek: true };
  }

  #helps(nowMs, off) {
    if (this.#nudge === null || off < this.#nudge.off * 0.8) this.#nudge = { off, sinceMs: nowMs };
    return nowMs - this.#nudge.sinceMs <= NUDGE_HELPS_WITHIN_MS;
  }

  #giveUp(nowMs) {
    this.#failedNudges += 1;
    this.#backOff(this.#failedNudges, nowMs);
    this.#nudge = null;
    return this.#setFactor(1);
  }

  #backOff(failures, nowMs) {
    if (failures < PARAMETERS.failuresBeforeBackoff) return;
    const ms = PARAMETERS.firstBackoffMs * 2 ** (failures - PARAMETERS.failuresBeforeBackoff);
    this.#backoffUntilMs = nowMs + Math.min(PARAMETERS.longestBackoffMs, ms);
  }
}

/** Return whether a browser stalls playback when the rate changes: Safari does, and every browser of iOS. */
export function rateChangesStall({ userAgent = "", maxTouchPoints = 0, platform = "" } = {}) {
  const ios = /iP(hone|ad|od)/.test(userAgent) || (platform === "MacIntel" && maxTouchPoints > 1);
  return ios || (/Safari\//.test(userAgent) && !/(Chrome|Chromium|CriOS|Android|Edg)\//.test(userAgent));
}

/** Return the median of some numbers. */
export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

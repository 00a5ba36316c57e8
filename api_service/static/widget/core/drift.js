/**
 * Keeps a running player in step: from how far it is off to what to do about it. Pure: no timers, no media, no clock.
 *
 * The figures were measured between two Chromium processes (shared/performance.md, "In step": 2.2 ms median, 8.4 ms at most).
 * Tighter bands and full-rate pulses oscillate: 48 to 160 rate changes a minute.
 */
export const PARAMETERS = Object.freeze({
  sampleEveryMs: 50,
  controlEveryMs: 250,
  samples: 5,
  deadBandMs: 5,
  /** A correction goes on until the error is below this part of the dead band. */
  leaveAt: 0.25,
  removeOverMs: 500,
  /** Rate stays within ±5 % of the room's. */
  nudgeAtMost: 0.05,
  /** Rate changes smaller than this are not worth their cost. */
  changeAtLeast: 0.004,
  seekAboveMs: 1000,
  /** The same for players whose rate changes stall playback (Safari, iOS): they only seek, so sooner. */
  seekOnlyAboveMs: 300,
  /** After this many corrections in a row that did not help, wait before the next one. */
  failuresBeforeRest: 2,
  firstRestMs: 2_000,
  longestRestMs: 60_000,
});

/** How long a nudge may take until it counts as one that does not help. */
const NUDGE_HELPS_WITHIN_MS = 3_000;

export class Drift {
  #samples = [];
  #factor = 1;
  #nudgesRate;
  #failedSeeks = 0;
  #failedNudges = 0;
  #restUntilMs = -Infinity;
  #nudge = null;

  constructor({ nudgesRate = true } = {}) {
    this.#nudgesRate = nudgesRate;
  }

  /** What the room's rate is multiplied by just now; 1 while in step. */
  get factor() {
    return this.#factor;
  }

  /** The median error of the last samples in ms (ahead is positive), or null while there are too few. */
  get errorMs() {
    return this.#samples.length < PARAMETERS.samples ? null : median(this.#samples);
  }

  /** Starts anew after a play, a seek or a change of the room's rate; what failed before stays known. */
  reset() {
    this.#samples = [];
    this.#factor = 1;
    this.#nudge = null;
  }

  /** Takes one reading: the player's position minus the room's, in ms. */
  sample(errorMs) {
    this.#samples.push(errorMs);
    if (this.#samples.length > PARAMETERS.samples) this.#samples.shift();
  }

  /** Readings made before a stall tell nothing about after it. */
  forget() {
    this.#samples = [];
  }

  /**
   * What to do at the local time `nowMs`: {factor} for the rate, {seek: true}, or null for nothing.
   * Call it every `controlEveryMs`; `rate` is the room's rate.
   */
  control(nowMs, rate = 1) {
    const errorMs = this.errorMs;
    if (errorMs === null) return null;
    const off = Math.abs(errorMs);
    if (off > (this.#nudgesRate ? PARAMETERS.seekAboveMs : PARAMETERS.seekOnlyAboveMs)) return this.#seek(nowMs);
    this.#failedSeeks = 0;
    if (!this.#nudgesRate) return null;
    const nudging = this.#factor !== 1;
    if (off <= PARAMETERS.deadBandMs * (nudging ? PARAMETERS.leaveAt : 1)) {
      this.#nudge = null;
      if (nudging) this.#failedNudges = 0;
      return this.#change(1);
    }
    if (nowMs < this.#restUntilMs) return this.#change(1);
    if (!this.#helps(nowMs, off)) return this.#giveUp(nowMs);
    const wanted = 1 - errorMs / (PARAMETERS.removeOverMs * rate);
    const factor = Math.min(1 + PARAMETERS.nudgeAtMost, Math.max(1 - PARAMETERS.nudgeAtMost, wanted));
    return Math.abs(factor - this.#factor) < PARAMETERS.changeAtLeast ? null : this.#change(factor);
  }

  #change(factor) {
    if (factor === this.#factor) return null;
    this.#factor = factor;
    this.#samples = [];
    return { factor };
  }

  #seek(nowMs) {
    if (nowMs < this.#restUntilMs) return null;
    this.#failedSeeks += 1;
    this.#restAfter(this.#failedSeeks, nowMs);
    this.reset();
    return { seek: true };
  }

  /** False once a nudge went on for its time without taking a fifth off the error. */
  #helps(nowMs, off) {
    if (this.#nudge === null || off < this.#nudge.off * 0.8) this.#nudge = { off, sinceMs: nowMs };
    return nowMs - this.#nudge.sinceMs <= NUDGE_HELPS_WITHIN_MS;
  }

  #giveUp(nowMs) {
    this.#failedNudges += 1;
    this.#restAfter(this.#failedNudges, nowMs);
    this.#nudge = null;
    return this.#change(1);
  }

  #restAfter(failures, nowMs) {
    if (failures < PARAMETERS.failuresBeforeRest) return;
    const restMs = PARAMETERS.firstRestMs * 2 ** (failures - PARAMETERS.failuresBeforeRest);
    this.#restUntilMs = nowMs + Math.min(PARAMETERS.longestRestMs, restMs);
  }
}

/** Browsers in which a change of rate stalls playback: Safari, and every browser of iOS. */
export function rateChangesStall({ userAgent = "", maxTouchPoints = 0, platform = "" } = {}) {
  const ios = /iP(hone|ad|od)/.test(userAgent) || (platform === "MacIntel" && maxTouchPoints > 1);
  return ios || (/Safari\//.test(userAgent) && !/(Chrome|Chromium|CriOS|Android|Edg)\//.test(userAgent));
}

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

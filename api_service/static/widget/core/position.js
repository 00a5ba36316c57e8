/**
 * Reads where a playing film is.
 *
 * Chromium's `currentTime` is good to 0.3 ms at the normal rate. At another one, with the pitch kept, it goes ahead and falls back by 10 ms six times a
 * second: there the average counts. Firefox's steps from frame to frame, by 42 ms at 24 frames a second, and lags
 * the picture: there the presented frames (requestVideoFrameCallback) count. A frame is shown at the first refresh of the screen
 * after its time, never before it, so the frames that came soonest tell where the film is.
 */

/**
 * `currentTime` counts as coarse when in so large a part of the readings it moves on after it has stood still, and until it does so in fewer than
 * the smaller part. A busy machine's stands still now and then, too. Only readings taken about a refresh of the screen apart tell.
 */
const COARSE_FROM = 0.3;
const FINE_BELOW = 0.1;
const READINGS = 24;
const GAPS_NEEDED = 16;
const GAPS_MS = { least: 10, most: 30 };

/** The position is found from this many of the last frames or readings. */
const COUNTED = 12;

/** The average at another rate than the normal one is that of the readings of so long, some periods of the swing. */
const AVERAGED_MS = 480;

/** Older frames tell nothing, in particular if no new ones come: the page is hidden. */
const FRAMES_LAST_MS = 700;

/** The position is that of the soonest frame but one in ten: a single one may be a fault. */
const SOONEST = 0.9;

export class Position {
  #media;
  #readings = [];
  #frames = [];
  #coarse = false;
  #handle = null;

  constructor(media) {
    this.#media = media;
  }

  /** Whether `currentTime` is coarse, so that the presented frames count where there are any. */
  get coarse() {
    return this.#coarse;
  }

  /** Begin anew with a player that has started or changed its rate; earlier readings are dropped. */
  restart() {
    this.#readings = [];
    this.#frames = [];
  }

  /** Stop reading. */
  stop() {
    if (this.#handle !== null) this.#media.cancelVideoFrameCallback?.(this.#handle);
    this.#handle = null;
  }

  /** Return the position in ms at the local time `nowMs` (which is now). */
  readMs(nowMs) {
    const positionMs = this.#media.currentTime * 1000;
    this.#readings = [...this.#readings, { atMs: nowMs, positionMs }].slice(-READINGS);
    this.#detectCoarse();
    const rate = this.#media.playbackRate;
    const atNow = (seen) => seen.map((one) => one.positionMs + (nowMs - one.atMs) * rate);
    if (!this.#coarse) return rate === 1 ? positionMs : mean(atNow(this.#readings.filter(({ atMs }) => nowMs - atMs <= AVERAGED_MS)));
    const frames = this.#frames.filter(({ atMs }) => nowMs - atMs < FRAMES_LAST_MS);
    const now = atNow(frames.length ? frames : this.#readings.slice(-COUNTED));
    return now.sort((a, b) => a - b)[Math.floor((now.length - 1) * SOONEST)];
  }

  #detectCoarse() {
    const gaps = this.#readings.slice(1).map((one, n) => ({
      ms: one.atMs - this.#readings[n].atMs,
      moves: one.positionMs !== this.#readings[n].positionMs,
    })).filter(({ ms }) => ms >= GAPS_MS.least && ms <= GAPS_MS.most);
    if (gaps.length < GAPS_NEEDED) return;
    const steps = gaps.filter(({ moves }, n) => n > 0 && moves && !gaps[n - 1].moves).length;
    this.#coarse = steps / gaps.length >= (this.#coarse ? FINE_BELOW : COARSE_FROM);
    if (!this.#coarse) this.stop();
    else if (this.#handle === null && this.#media.requestVideoFrameCallback) this.#awaitFrame();
  }

  #awaitFrame() {
    this.#handle = this.#media.requestVideoFrameCallback((_now, { expectedDisplayTime, mediaTime }) => {
      this.#frames = [...this.#frames, { atMs: expectedDisplayTime, positionMs: mediaTime * 1000 }].slice(-COUNTED);
      this.#awaitFrame();
    });
  }
}

function mean(numbers) {
  return numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
}

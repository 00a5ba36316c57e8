/**
 * Reads where a playing film is.
 *
 * Chromium's `currentTime` is good to 0.3 ms at the normal rate. Firefox's steps from frame to frame, by 42 ms at 24 frames a second, and lags
 * the picture: there the presented frames (requestVideoFrameCallback) count. A frame is shown at the first refresh of the screen
 * after its time, never before it, so the frames that came soonest tell where the film is.
 */

/** `currentTime` counts as coarse once, in this many of the last readings, it moved on after it had stood still. */
const STEPS = 3;
const READINGS = 40;

/** The position is found from this many of the last frames or readings. */
const COUNTED = 12;

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
    if (!this.#coarse && steps(this.#readings) >= STEPS) {
      this.#coarse = true;
      if (this.#media.requestVideoFrameCallback) this.#awaitFrame();
    }
    if (!this.#coarse) return positionMs;
    const frames = this.#frames.filter(({ atMs }) => nowMs - atMs < FRAMES_LAST_MS);
    const counted = frames.length ? frames : this.#readings.slice(-COUNTED);
    const now = counted.map((one) => one.positionMs + (nowMs - one.atMs) * this.#media.playbackRate);
    return now.sort((a, b) => a - b)[Math.floor((now.length - 1) * SOONEST)];
  }

  #awaitFrame() {
    this.#handle = this.#media.requestVideoFrameCallback((_now, { expectedDisplayTime, mediaTime }) => {
      this.#frames = [...this.#frames, { atMs: expectedDisplayTime, positionMs: mediaTime * 1000 }].slice(-COUNTED);
      this.#awaitFrame();
    });
  }
}

/** Return how often a position moved on after it had stood still. */
function steps(readings) {
  const moved = readings.map((one, n) => n > 0 && one.positionMs !== readings[n - 1].positionMs);
  return moved.filter((moves, n) => n > 1 && moves && !moved[n - 1]).length;
}

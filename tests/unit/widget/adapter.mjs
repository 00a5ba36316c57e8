/**
 * A player behind the adapter interface that the widget accepts in place of an HTMLMediaElement. Like Chromium it starts late (the
 * first time on a page more so, after a pause hardly), tells a position that leaps ahead just after a start, seeks slowly, fires
 * its events as queued tasks, and obeys viewers too. With `coarseMs` its `currentTime` steps like Firefox's, and frames tell its true place.
 */
const LATENCY_MS = { load: 150, seek: 85, pause: 5 };

/** The position told just after a start is up to so far ahead, and right after so long. */
const LEAP_MS = 80;
const LEAP_LASTS_MS = 150;

const FRAME_MS = 1000 / 24;
const REFRESH_MS = 1000 / 60;

export class Adapter extends EventTarget {
  duration;
  readyState = 4;
  paused = true;
  ended = false;
  seeking = false;
  muted = false;
  preservesPitch = true;
  plays = 0;
  seeks = [];
  rates = [];
  #anchor = { at: performance.now(), position: 0 };
  #rate = 1;
  #seekTimer = null;
  #before = "load";
  #calledMs = -Infinity;

  constructor({ duration = 600, startsAfterMs = null, seeksInMs = 30, allowed = "sound", coarseMs = 0 } = {}) {
    super();
    Object.assign(this, { duration, startsAfterMs, seeksInMs, allowed, coarseMs });
    if (coarseMs) this.requestVideoFrameCallback = (onFrame) => this.#showFrame(onFrame);
  }

  /** Where the film is in truth, s. */
  get filmTime() {
    const { at, position } = this.#anchor;
    const ran = this.paused || this.seeking ? 0 : Math.max(0, performance.now() - at) / 1000;
    return Math.min(this.duration, position + ran * this.#rate);
  }

  get currentTime() {
    if (this.coarseMs) return Math.floor((this.filmTime * 1000) / this.coarseMs) * this.coarseMs / 1000;
    const left = 1 - (performance.now() - this.#calledMs) / LEAP_LASTS_MS;
    return this.filmTime + (this.paused || left < 0 ? 0 : (LEAP_MS * left) / 1000);
  }

  /** Show the next frame at the first refresh of the screen after its time. */
  #showFrame(onFrame) {
    const frame = Math.floor((this.filmTime * 1000) / FRAME_MS) + 1;
    const due = performance.now() + (frame * FRAME_MS - this.filmTime * 1000) / this.#rate;
    const shown = Math.ceil(due / REFRESH_MS) * REFRESH_MS;
    return setTimeout(() => onFrame(shown, { expectedDisplayTime: shown, mediaTime: (frame * FRAME_MS) / 1000 }), shown - performance.now());
  }

  cancelVideoFrameCallback(handle) {
    clearTimeout(handle);
  }

  set currentTime(seconds) {
    this.seeks.push(seconds);
    this.#anchor = { at: Infinity, position: seconds };
    this.seeking = true;
    if (this.#before !== "load") this.#before = "seek";
    this.readyState = 1;
    this.#fire("seeking");
    clearTimeout(this.#seekTimer);
    this.#seekTimer = setTimeout(() => {
      this.seeking = false;
      this.readyState = 4;
      this.#anchor = { at: performance.now(), position: seconds };
      this.#fire("seeked", "canplay");
    }, this.seeksInMs);
  }

  get playbackRate() {
    return this.#rate;
  }

  set playbackRate(rate) {
    this.#anchor = { at: performance.now(), position: this.filmTime };
    this.#rate = rate;
    this.rates.push(rate);
    this.#fire("ratechange");
  }

  async play() {
    if (this.allowed === "nothing" || (this.allowed === "silence" && !this.muted)) {
      throw Object.assign(new Error("not allowed"), { name: "NotAllowedError" });
    }
    this.plays += 1;
    const position = this.filmTime;
    this.paused = false;
    this.#calledMs = performance.now();
    this.#anchor = { at: performance.now() + (this.startsAfterMs ?? LATENCY_MS[this.#before]), position };
    this.#fire("play", "playing");
  }

  pause() {
    if (this.paused) return;
    this.#anchor = { at: performance.now(), position: this.filmTime };
    this.paused = true;
    this.#before = "pause";
    this.#fire("pause");
  }

  /** Run out of data for so long. */
  stall(ms) {
    this.#anchor = { at: performance.now() + ms, position: this.filmTime };
    this.readyState = 2;
    this.#fire("waiting");
    setTimeout(() => {
      this.readyState = 4;
      this.#fire("canplay", "playing");
    }, ms);
  }

  #fire(...types) {
    for (const type of types) setTimeout(() => this.dispatchEvent(new Event(type)), 1);
  }
}

/**
 * A player behind the adapter interface that the widget accepts in place of an HTMLMediaElement: it starts late,
 * seeks slowly, fires its events as queued tasks, and obeys viewers too.
 */
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

  constructor({ duration = 600, startsAfterMs = 85, seeksInMs = 30, allowed = "sound" } = {}) {
    super();
    Object.assign(this, { duration, startsAfterMs, seeksInMs, allowed });
  }

  get currentTime() {
    const { at, position } = this.#anchor;
    const ran = this.paused || this.seeking ? 0 : Math.max(0, performance.now() - at) / 1000;
    return Math.min(this.duration, position + ran * this.#rate);
  }

  set currentTime(seconds) {
    this.seeks.push(seconds);
    this.#anchor = { at: Infinity, position: seconds };
    this.seeking = true;
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
    this.#anchor = { at: performance.now(), position: this.currentTime };
    this.#rate = rate;
    this.rates.push(rate);
    this.#fire("ratechange");
  }

  async play() {
    if (this.allowed === "nothing" || (this.allowed === "silence" && !this.muted)) {
      throw Object.assign(new Error("not allowed"), { name: "NotAllowedError" });
    }
    this.plays += 1;
    const position = this.currentTime;
    this.paused = false;
    this.#anchor = { at: performance.now() + this.startsAfterMs, position };
    this.#fire("play", "playing");
  }

  pause() {
    if (this.paused) return;
    this.#anchor = { at: performance.now(), position: this.currentTime };
    this.paused = true;
    this.#fire("pause");
  }

  #fire(...types) {
    for (const type of types) setTimeout(() => this.dispatchEvent(new Event(type)), 1);
  }
}

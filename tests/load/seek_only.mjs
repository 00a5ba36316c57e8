/**
 * The rule of other systems, in place of core/player.js: no clock; play, pause and seek on hearing of it, and seek when more than a second
 * off. Positions count from the moment at which a message arrived.
 */
const SEEK_ABOVE_MS = 1_000;
const CHECK_EVERY_MS = 1_000;

export class Player {
  skewMs = null;
  #media;
  #on;
  #now;
  #playback = null;
  #receivedMs = 0;
  #timer;

  constructor(media, { on, now }) {
    this.#media = media;
    this.#on = on;
    this.#now = now;
    media.addEventListener("loadedmetadata", this.resync);
    media.addEventListener("canplay", () => on.ready());
    this.#timer = setInterval(this.#check, CHECK_EVERY_MS);
  }

  get positionMs() {
    return this.#media.currentTime * 1000;
  }

  get ready() {
    return this.#playback !== null && this.#media.readyState >= 3;
  }

  get stallReason() {
    return null;
  }

  follow(playback) {
    const first = this.#playback === null;
    this.#playback = playback;
    this.#receivedMs = performance.now();
    // A newcomer is told the position of now; what is announced for a coming instant is done at once.
    if (first && playback.status === "playing") this.#receivedMs -= Math.max(0, this.#now() - playback.at_ms);
    this.resync();
  }

  resync = () => {
    if (!this.#playback || this.#media.readyState < 1) return;
    this.#media.playbackRate = this.#playback.rate;
    this.#check();
    if (this.#playback.status === "playing") this.#media.play().catch(() => {});
    else this.#media.pause();
  };

  #check = () => {
    if (!this.#playback || this.#media.readyState < 1) return;
    const { status, position_ms: positionMs, rate } = this.#playback;
    const target = positionMs + (status === "playing" ? (performance.now() - this.#receivedMs) * rate : 0);
    if (Math.abs(this.#media.currentTime * 1000 - target) > SEEK_ABOVE_MS) this.#media.currentTime = target / 1000;
  };

  command(type, value) {
    this.#on.command(type, value);
  }

  commandAnswered() {}

  pageVisible() {}

  allow() {}

  detach() {
    clearInterval(this.#timer);
    this.#media.removeEventListener("loadedmetadata", this.resync);
  }
}

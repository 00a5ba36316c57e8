/**
 * The hands on the player: every move the widget makes goes through here, so that what was asked of the player is known
 * and its events are never mistaken for the viewer's wishes (echo-filter.js).
 */
import { Wishes } from "./echo-filter.js";

const HAVE_METADATA = 1;
const HAVE_FUTURE_DATA = 3;
const HAVE_ENOUGH_DATA = 4;
const ARRIVALS = ["seeked", "canplay"];

/** How often an arrival looks whether it is still waited for. */
const LOOK_EVERY_MS = 250;

/** Tries to load a film that broke off, the first one soon, each next one after twice the time. */
const RELOADS_AT_MOST = 4;
const FIRST_RELOAD_MS = 500;

export class Transport {
  /** How the player came to stand: "sought" or "paused"; starting takes longer after a seek (start.js). */
  standing = "sought";
  #media;
  #wishes = new Wishes();
  #reloads = 0;
  #reloader = null;

  constructor(media) {
    this.#media = media;
  }

  get positionMs() {
    return this.#media.currentTime * 1000;
  }

  /** The player's film has a length and a picture to go to. */
  get loaded() {
    return this.#media.readyState >= HAVE_METADATA;
  }

  get ready() {
    return this.#media.readyState >= HAVE_FUTURE_DATA;
  }

  /** There is enough to go on without running dry at once. */
  get plenty() {
    return this.#media.readyState >= HAVE_ENOUGH_DATA;
  }

  /** Where a film of `durationMs` ends in this player. */
  endMs(durationMs) {
    const own = this.#media.duration * 1000;
    return Math.min(durationMs || Infinity, Number.isFinite(own) && own > 0 ? own : Infinity);
  }

  seek(positionMs) {
    const seconds = Math.max(0, positionMs) / 1000;
    this.#wishes.seekTo(seconds);
    this.standing = "sought";
    this.#media.currentTime = seconds;
  }

  /** Sets the rate; a nudge is a small change for a short time. */
  rate(rate, { nudge = false } = {}) {
    this.#wishes.rate(rate);
    if (this.#media.playbackRate === rate) return;
    // Keeping the pitch costs 12 to 14 ms at each change (measured); 1 to 3 % of pitch is not heard.
    this.#media.preservesPitch = !nudge;
    this.#media.playbackRate = rate;
  }

  pause() {
    this.#wishes.paused(true);
    if (this.#media.paused) return;
    this.#media.pause();
    this.standing = "paused";
  }

  /** Plays; answers "running", "muted" (only silence was allowed), "refused", or "overtaken" (a later move ended it). */
  async play() {
    const media = this.#media;
    this.#wishes.paused(false);
    try {
      await media.play();
      return "running";
    } catch (error) {
      if (error?.name === "AbortError") return "overtaken";
      if (error?.name === "NotAllowedError" && !media.muted) return this.#playSilently();
      this.#wishes.paused(true);
      return "refused";
    }
  }

  /** Browsers refuse sound before the viewer touched the page: run without it, so as not to fall behind. */
  async #playSilently() {
    this.#media.muted = true;
    try {
      await this.#media.play();
      return "muted";
    } catch (error) {
      this.#media.muted = false;
      if (error?.name === "AbortError") return "overtaken";
      this.#wishes.paused(true);
      return "refused";
    }
  }

  /** Settles when the player has arrived and can play, or when `over()` says that nobody waits any more. */
  arrival(over) {
    const media = this.#media;
    return new Promise((resolve) => {
      const look = () => {
        if (!over() && (media.seeking || !this.ready)) return;
        for (const type of ARRIVALS) media.removeEventListener(type, look);
        clearInterval(looking);
        resolve();
      };
      const looking = setInterval(look, LOOK_EVERY_MS);
      for (const type of ARRIVALS) media.addEventListener(type, look);
      look();
    });
  }

  /** Reads a media event: the viewer's wish in it, or null. */
  wishIn(event) {
    const media = this.#media;
    if (event.type === "seeking") this.standing = "sought";
    if (event.type === "seeked" && !media.seeking) this.#wishes.arrived();
    if (event.type === "canplay") this.#reloads = 0;
    const wish = this.#wishes.read(event.type, media, { hidden: globalThis.document?.hidden ?? false });
    // Taken over at once: until the room has answered, the player may stand where the viewer put it.
    if (wish === "seek") this.#wishes.seekTo(media.currentTime);
    return wish;
  }

  /** Asks for the film again after it broke off (networks change under people's feet); false when it is no use any more. */
  loadAgain() {
    if (!this.#media.load || this.#reloads === RELOADS_AT_MOST) return false;
    this.#reloads += 1;
    this.#reloader = setTimeout(() => this.#media.load(), FIRST_RELOAD_MS * 2 ** (this.#reloads - 1));
    return true;
  }

  letGo() {
    clearTimeout(this.#reloader);
  }
}

/**
 * The only module that moves the player. Every move is noted in the echo filter, so that the events which it causes are not taken for the
 * viewer's commands.
 */
import { Broadcast } from "./broadcast.js";
import { EchoFilter } from "./echo-filter.js";
import { Position } from "./position.js";

const HAVE_METADATA = 1;
const HAVE_FUTURE_DATA = 3;
const HAVE_ENOUGH_DATA = 4;
const ARRIVAL_EVENTS = ["seeked", "canplay"];

/** The player's arrival is checked this often in addition to its events, so that an abandoned wait ends. */
const CHECK_EVERY_MS = 250;

/** A source that failed is loaded again this many times, the first time after FIRST_RELOAD_MS and then after twice as long each. */
export const RELOADS_AT_MOST = 6;
const FIRST_RELOAD_MS = 500;

/** A source that could play for so long does work: the next failure is a new one. */
const WORKS_AFTER_MS = 10_000;

export class MediaControl {
  /** What the player did before it stood: "load", "seek" or "pause"; the start latency depends on it (start.js). */
  stoppedBy = "load";
  /** Where the room's positions are in this player. */
  broadcast;
  #media;
  #hidden;
  #position;
  #started = false;
  #echoFilter;
  #reloads = 0;
  #reloader = null;
  #canPlaySinceMs = Infinity;

  /** `hidden()` returns whether the page is not visible, `lastActMs()` when a person last touched it (echo-filter.js). */
  constructor(media, { hidden = () => false, lastActMs } = {}) {
    this.#media = media;
    this.#hidden = hidden;
    this.#position = new Position(media);
    this.broadcast = new Broadcast(media);
    this.#echoFilter = new EchoFilter(lastActMs);
  }

  /** Note that the room's state is known: from now on a person's moves are commands. */
  roomKnown() {
    this.#echoFilter.roomKnown();
  }

  /** Where the paused player stands, ms; this and all other positions are the room's. */
  get positionMs() {
    return this.#media.currentTime * 1000 + this.broadcast.offsetMs;
  }

  /** Return where the playing film is at the local time `nowMs`, ms. */
  playingMs(nowMs) {
    return this.#position.readMs(nowMs) + this.broadcast.offsetMs;
  }

  /** Whether presented frames tell where the playing film is, since `currentTime` does not. */
  get coarse() {
    return this.#position.coarse;
  }

  /** Whether the player knows its film's length and can seek. */
  get loaded() {
    return this.#media.readyState >= HAVE_METADATA;
  }

  /** Whether the player can play its next frames. */
  get ready() {
    return this.#media.readyState >= HAVE_FUTURE_DATA;
  }

  /** Whether the player expects to play on without running out of data. */
  get wellBuffered() {
    return this.#media.readyState >= HAVE_ENOUGH_DATA;
  }

  /** Return where a film of `durationMs` ends in this player, ms. */
  endMs(durationMs) {
    const own = this.#media.duration * 1000;
    return Math.min(durationMs || Infinity, Number.isFinite(own) && own > 0 ? own : Infinity);
  }

  /** Seek. */
  seek(positionMs) {
    const seconds = Math.max(0, positionMs - this.broadcast.offsetMs) / 1000;
    this.#echoFilter.expectSeek(seconds);
    if (this.#started) this.stoppedBy = "seek";
    this.#media.currentTime = seconds;
  }

  /** Set the room's rate, multiplied by a `factor` for a short time. */
  setRate(roomRate, { factor = 1 } = {}) {
    const rate = roomRate * factor;
    this.#echoFilter.expectRate(rate);
    if (this.#media.playbackRate === rate) return;
    // Going over from the normal rate to another one with the pitch kept, or back, costs 12 to 17 ms (measured in Chromium), and so does
    // turning `preservesPitch` over at another rate. A pulse at the normal rate does without the pitch, for less than a second.
    this.#media.preservesPitch = roomRate !== 1 || factor === 1;
    this.#media.playbackRate = rate;
    this.#position.restart();
  }

  /** Pause. */
  pause() {
    this.#echoFilter.expectPaused(true);
    const ran = !this.#media.paused;
    this.#media.pause(); // also while paused: it ends what `autoplay` would do (HTML, 4.8.11.8)
    if (ran) this.stoppedBy = "pause";
  }

  /** Play; resolve to "running", "muted" (allowed only without sound), "refused" or "superseded" (a later move ended it). */
  async play() {
    const media = this.#media;
    this.#started = true;
    this.#position.restart();
    this.#echoFilter.expectPaused(false);
    let error = await playError(media);
    if (error === "NotAllowedError" && !media.muted) {
      // Browsers refuse sound before the viewer touched the page: run without it, so as not to fall behind.
      media.muted = true;
      error = await playError(media);
      if (error === null) return "muted";
      media.muted = false;
    }
    if (error === null) return "running";
    if (error === "AbortError") return "superseded";
    this.#echoFilter.expectPaused(true);
    return "refused";
  }

  /** Resolve once the seek has ended and the player can play, or once `abandoned()` returns true. */
  arrival(abandoned) {
    const media = this.#media;
    return new Promise((resolve) => {
      const check = () => {
        if (!abandoned() && (media.seeking || !this.ready)) return;
        for (const type of ARRIVAL_EVENTS) media.removeEventListener(type, check);
        clearInterval(timer);
        resolve();
      };
      const timer = setInterval(check, CHECK_EVERY_MS);
      for (const type of ARRIVAL_EVENTS) media.addEventListener(type, check);
      check();
    });
  }

  /** Return what a media event changed against the widget's will, {type, byViewer}, or null; `roomMs` is where the film should be, or null. */
  changeIn(event, roomMs) {
    const media = this.#media;
    const roomS = roomMs === null ? null : (roomMs - this.broadcast.offsetMs) / 1000; // echo-filter.js
    if (event.type === "seeking" && this.#started) this.stoppedBy = "seek";
    if (event.type === "seeked" && !media.seeking) this.#echoFilter.seekEnded();
    if (event.type === "canplay") this.#canPlaySinceMs = Math.min(this.#canPlaySinceMs, performance.now());
    const change = this.#echoFilter.changeIn(event, media, { hidden: this.#hidden(), roomS });
    // Until the room has answered, the player may stay where the viewer has put it.
    if (change?.type === "seek" && change.byViewer) this.#echoFilter.expectSeek(media.currentTime);
    return change;
  }

  /** Have the source loaded again after it failed (networks change while people move); return false once that was tried often enough. */
  reload() {
    if (performance.now() - this.#canPlaySinceMs > WORKS_AFTER_MS) this.#reloads = 0;
    this.#canPlaySinceMs = Infinity;
    if (this.#reloader !== null) return true;
    if (this.#reloads === RELOADS_AT_MOST) return false;
    this.#reloads += 1;
    this.#reloader = setTimeout(() => this.#load(), FIRST_RELOAD_MS * 2 ** (this.#reloads - 1));
    return true;
  }

  /** Have the source loaded again now, and as often as a source that has never failed. */
  reloadNow() {
    this.#reloads = 0;
    this.#load();
  }

  /** Stop reading the player, and cancel a reload that is due. */
  release() {
    this.#position.stop();
    clearTimeout(this.#reloader);
    this.#reloader = null;
  }

  /** Whoever has set the source (sources.js, a page with a player library) may load it anew in its own way. */
  #load() {
    clearTimeout(this.#reloader);
    this.#reloader = null;
    this.#canPlaySinceMs = Infinity;
    if (this.#media.dispatchEvent(new Event("mt-reload", { cancelable: true }))) this.#media.load?.();
  }
}

async function playError(media) {
  try {
    await media.play();
    return null;
  } catch (error) {
    return error?.name ?? "Error";
  }
}

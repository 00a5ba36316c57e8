/**
 * Binds one player to the room: it follows the room's timeline (follower.js), and what the viewer does to it becomes a command to the room.
 *
 * `media` is an HTMLMediaElement or an adapter with the same parts: currentTime, duration, paused, ended, seeking, readyState,
 * playbackRate, muted, play(), pause(), addEventListener(), removeEventListener().
 */
import { SAME_PLACE_S } from "./echo-filter.js";
import { Follower } from "./follower.js";
import { MediaControl } from "./media-control.js";
import { Returns } from "./returns.js";
import { SeekDebounce } from "./seek-debounce.js";

const MEDIA_EVENTS = ["loadedmetadata", "canplay", "play", "pause", "seeking", "seeked", "ratechange", "waiting", "playing",
  "volumechange", "ended", "error"];

export class Player extends Follower {
  #on;
  #hidden;
  #seekDebounce;
  #returns = new Returns(() => this.resync());
  #loads = 0;
  #diverged = false;

  /**
   * `now()` returns the server's time in ms, `hidden()` whether the page is not visible, `lastActMs()` when a person last touched it, by
   * `performance.now()` (without it, events of the player are nobody's commands). `on` is {command(type, value), status(name),
   * ready()}: the viewer wants something of the room; the status changed; the player may be ready. Statuses: loading, resting,
   * starting, running, stalled, blocked (the browser wants the viewer's press first), muted (runs, but without sound), outside (the
   * broadcast does not have that moment), failed (the source did not load), unplayable (this browser cannot play it).
   */
  constructor(media, { now, on, hidden = () => false, lastActMs, browser = globalThis.navigator ?? {} }) {
    super(media, { control: new MediaControl(media, { hidden, lastActMs }), now, browser, onStatus: (name) => on.status(name) });
    this.#on = on;
    this.#hidden = hidden;
    this.#seekDebounce = new SeekDebounce((positionMs) => on.command("seek", positionMs));
    for (const type of MEDIA_EVENTS) media.addEventListener(type, this.#onMedia);
    if (media.error) this.note(new Event("error")); // it failed before there was a player
  }

  /** The length of the film that the player has, ms; NaN before it is known, Infinity for a live stream. */
  get durationMs() {
    return Math.round(this.media.duration * 1000);
  }

  /** How many films it has loaded: a reload of one counts too. */
  get loads() {
    return this.#loads;
  }

  /**
   * A broadcast as it is here: {dated, edgeMs, behindMs}: whether it has dates by which players are kept in step, the live edge (room's ms)
   * and how far behind it the room is; null for a film.
   */
  get broadcast() {
    return this.playback && this.control.broadcast.around(this.targetMs);
  }

  follow(...timeline) {
    this.#agree();
    super.follow(...timeline);
  }

  resync() {
    this.#agree();
    super.resync();
  }

  /** Resume after the page became visible, if the browser paused the player while it was hidden. */
  pageVisible() {
    if (this.playback?.status === "playing" && this.media.paused && this.status !== "blocked") this.resync();
  }

  /** Return to the room's timeline if the room's answer to a command has not changed it (it was paused already, say). */
  commandAnswered() {
    if (this.#diverged) this.resync();
  }

  /** Carry out the viewer's command here at once where that disturbs nobody, and pass it to `on.command`; a seek is in the player's own time. */
  command(type, value) {
    this.#diverged = true;
    this.heldBack = false;
    if (type === "pause") {
      this.halt();
      this.#on.command("pause");
    } else if (type === "seek") {
      const { offsetMs, playable } = this.control.broadcast;
      const positionMs = Math.min(value + offsetMs, playable?.edgeMs ?? Infinity);
      this.halt(); // stands at the new place until the room says when to go on
      this.control.seek(Math.min(positionMs, this.endMs));
      this.#seekDebounce.moveTo(positionMs);
    } else {
      this.#on.command(type, value);
    }
  }

  /** Release the player for good, and leave it as it is. */
  detach() {
    this.stop();
    this.isLetGo = true;
    this.control.release();
    for (const type of MEDIA_EVENTS) this.media.removeEventListener(type, this.#onMedia);
    this.control.setRate(this.rate);
  }

  stop() {
    super.stop();
    this.#seekDebounce.cancel();
    this.#returns.stop();
  }

  /** The player goes where the room is, whatever the viewer did to it before. */
  #agree() {
    this.#diverged = false;
    this.#seekDebounce.cancel();
  }

  #onMedia = (event) => {
    if (event.type === "loadedmetadata") this.#loads += 1;
    if (this.isLetGo) return undefined;
    const change = this.control.changeIn(event, this.expectedMs);
    if (change?.byViewer) return this.#onViewerCommand(change.type);
    if (change && this.playback) this.#onForeignChange(change.type);
    if (event.type === "loadedmetadata") {
      this.control.broadcast.restart();
      return this.resync();
    }
    if (event.type === "canplay" || event.type === "seeked") this.#on.ready();
    return this.note(event);
  };

  /** A command given to the player itself: by its own controls, a picture-in-picture window, the system's media keys. */
  #onViewerCommand(command) {
    this.#diverged = true;
    this.heldBack = false;
    if (command === "play") {
      this.halt(); // everyone starts together, when the room says so
      this.#on.command("play");
    } else if (command === "pause") {
      this.command("pause");
    } else if (command === "seek") {
      this.halt();
      this.#seekDebounce.moveTo(this.positionMs);
    } else {
      const rate = this.media.playbackRate;
      this.control.setRate(this.rate);
      this.#on.command("set_rate", rate);
    }
  }

  /** A change that no person made: a library's, the page's, the system's. It moves nobody else, and this player returns to the room. */
  #onForeignChange(type) {
    if (type === "pause") {
      if (!this.#hidden()) this.holdBack(); // else pageVisible() resumes
    } else if (type === "seek") {
      this.moved();
      const offMs = Math.abs(this.positionMs - this.targetMs);
      if (this.status === "resting" && offMs > SAME_PLACE_S * 1000) this.#returns.soon();
    } else {
      this.heldBack &&= type !== "play"; // the system goes on after the call
      this.#returns.soon();
    }
  }
}

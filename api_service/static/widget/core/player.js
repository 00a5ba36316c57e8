/**
 * Binds one player to the room's timeline: follows it, keeps in step, and passes on the viewer's commands.
 *
 * `media` is an HTMLMediaElement or an adapter with the same parts: currentTime, duration, paused, ended, seeking, readyState,
 * playbackRate, muted, play(), pause(), addEventListener(), removeEventListener().
 */
import { Drift, rateChangesStall } from "./drift.js";
import { DriftLoop } from "./drift-loop.js";
import { SAME_PLACE_S } from "./echo-filter.js";
import { MediaControl } from "./media-control.js";
import { Returns } from "./returns.js";
import { SeekDebounce } from "./seek-debounce.js";
import { SAME_FRAME_MS, Starter, sleep } from "./starter.js";
import { positionAt } from "./timeline.js";

/** A running player whose timeline changes by less than this is not restarted: the drift controller removes the difference. */
const KEEPS_RUNNING_WITHIN_MS = 100;

/** A player that waits for a moment which a broadcast does not have looks again after this time. */
const LOOK_AGAIN_MS = 1_000;

const MEDIA_EVENTS = ["loadedmetadata", "canplay", "play", "pause", "seeking", "seeked", "ratechange", "waiting", "playing",
  "volumechange", "ended", "error"];

export class Player {
  #media;
  #control;
  #now;
  #on;
  #starter;
  #drift;
  #loop;
  #seekDebounce;
  #returns = new Returns(() => this.resync());
  #hidden;
  #playback = null;
  #durationMs = Infinity;
  #generation = 0; // counts the timelines followed, so that an asynchronous start notices that it is outdated
  #running = false;
  #loads = 0;
  #letGo = false; // something else is shown in it, or it was released
  #heldBack = false; // the system paused it: it starts again only when the viewer says so
  #stalled = false;
  #silenced = false;
  #correcting = false;
  #diverged = false;
  #status = null;
  #outsideTimer = null;

  /**
   * `now()` returns the server's time in ms, `hidden()` whether the page is not visible, `lastActMs()` when a person last touched it, by
   * `performance.now()` (without it, events of the player are nobody's commands). `on` is {command(type, value), status(name),
   * ready()}: the viewer wants something of the room; the status changed; the player may be ready. Statuses: loading, resting,
   * starting, running, stalled, blocked (the browser wants the viewer's press first), muted (runs, but without sound), outside (the
   * broadcast does not have that moment), failed (the source did not load), unplayable (this browser cannot play it).
   */
  constructor(media, { now, on, hidden = () => false, lastActMs, browser = globalThis.navigator ?? {} }) {
    this.#media = media;
    this.#hidden = hidden;
    this.#control = new MediaControl(media, { hidden, lastActMs });
    this.#now = now;
    this.#starter = new Starter({ control: this.#control, now });
    this.#on = on;
    this.#seekDebounce = new SeekDebounce((positionMs) => on.command("seek", positionMs));
    this.#drift = new Drift({ nudgesRate: !rateChangesStall(browser) });
    this.#loop = new DriftLoop({
      control: this.#control,
      drift: this.#drift,
      read: () => this.#readError(),
      on: {
        seek: () => this.#correct(),
        // At another rate keeping the pitch costs time of its own.
        started: (errorMs) => this.#playback.rate === 1 && this.#starter.learn(errorMs),
      },
    });
    for (const type of MEDIA_EVENTS) media.addEventListener(type, this.#onMedia);
    if (media.error) this.#onError(new Event("error")); // it failed before there was a player
  }

  /** The player's position minus the room's in ms (median of the last readings), or null while it does not run. */
  get skewMs() {
    return this.#running ? this.#drift.errorMs : null;
  }

  /** The length of the film that the player has, ms; NaN before it is known, Infinity for a live stream. */
  get durationMs() {
    return Math.round(this.#media.duration * 1000);
  }

  /** How many films it has loaded: a reload of one counts too. */
  get loads() {
    return this.#loads;
  }

  /** Whether the player stands where the room is and can start. */
  get ready() {
    return this.#playback !== null && this.#control.ready && !this.#media.seeking;
  }

  /**
   * Why the film does not move here although the room plays it: "stalled" (out of data), "seeking" (a seek of the room is under way),
   * "expected" (a seek of the widget's own, or the start lies ahead), "low_buffer" (it can play, but not for long), or null.
   */
  get stallReason() {
    const { status, at_ms: atMs } = this.#playback ?? { status: "paused" };
    const now = this.#now();
    if (status === "paused" || this.failed || this.#status === "outside") return null;
    if (status === "playing" && this.#target(now) >= this.#endMs) return null;
    if (this.ready) return this.#control.wellBuffered ? null : "low_buffer";
    if (this.#correcting || (status === "playing" && now < atMs)) return "expected";
    return this.#media.seeking ? "seeking" : "stalled";
  }

  /**
   * Follow a timeline from now on: {status, position_ms, rate, at_ms}, in a film of `durationMs`, or in a broadcast whose position 0 is
   * the date `originMs`.
   */
  follow(playback, durationMs = Infinity, originMs = null) {
    this.#correcting = this.#playback === null; // a newcomer catches up without the room waiting
    this.#control.broadcast.originMs = originMs;
    this.#control.roomKnown();
    this.#follow(playback, durationMs);
  }

  #follow(playback, durationMs) {
    this.#generation += 1;
    this.#playback = playback;
    this.#durationMs = durationMs;
    if (this.#letGo) return undefined;
    this.#diverged = false;
    this.#seekDebounce.cancel();
    clearTimeout(this.#outsideTimer);
    if (!this.#control.loaded) return this.failed ? undefined : this.#setStatus("loading");
    this.#control.broadcast.settle(this.#target(this.#now()));
    if (this.outside) return this.#standOutside();
    if (playback.status !== "playing" || this.#target(this.#now()) >= this.#endMs) return this.#rest();
    if (this.#running && this.#mayKeepRunning()) return this.#changeRate(this.#generation);
    return this.#start(this.#generation);
  }

  /** Follow the same timeline anew: the clock jumped, a command was refused, or the player was disturbed. */
  resync() {
    if (!this.#playback || this.#letGo) return;
    this.#correcting = true;
    this.#follow(this.#playback, this.#durationMs);
  }

  /** Leave the player to somebody who shows something else in it, as it is, until `takeUp`. */
  letGo() {
    this.#stop();
    this.#letGo = true;
    this.#control.setRate(1);
  }

  /** Have the player again; it follows what `follow` tells next. */
  takeUp() {
    this.#letGo = false;
  }

  /** Load the source again, now: the viewer has asked for it, or the machine is online again. */
  reload() {
    this.#status = null; // told anew, also where it was loading already
    this.#setStatus("loading");
    this.#control.reloadNow();
  }

  /** Whether the source was given up. */
  get failed() {
    return this.#status === "failed" || this.#status === "unplayable";
  }

  /** Resume after the page became visible, if the browser paused the player while it was hidden. */
  pageVisible() {
    if (this.#playback?.status === "playing" && this.#media.paused && this.#status !== "blocked") this.resync();
  }

  /** Return to the room's timeline if the room's answer to a command has not changed it (it was paused already, say). */
  commandAnswered() {
    if (this.#diverged) this.resync();
  }

  /** Carry out the viewer's command here at once where that disturbs nobody, and pass it to `on.command`; a seek is in the player's own time. */
  command(type, value) {
    this.#diverged = true;
    this.#heldBack = false;
    if (type === "pause") {
      this.#halt();
      this.#on.command("pause");
    } else if (type === "seek") {
      const { offsetMs, playable } = this.#control.broadcast;
      const positionMs = Math.min(value + offsetMs, playable?.edgeMs ?? Infinity);
      this.#halt(); // stands at the new place until the room says when to go on
      this.#control.seek(Math.min(positionMs, this.#endMs));
      this.#seekDebounce.moveTo(positionMs);
    } else {
      this.#on.command(type, value);
    }
  }

  /** Play with sound after the viewer's press, which browsers require. */
  allow() {
    this.#heldBack = false;
    this.#silenced = false;
    this.#media.muted = false;
    if (this.#media.paused || !this.#running) this.resync();
    else this.#setStatus("running");
  }

  /** Release the player for good, and leave it as it is. */
  detach() {
    this.#stop();
    this.#letGo = true;
    this.#control.release();
    for (const type of MEDIA_EVENTS) this.#media.removeEventListener(type, this.#onMedia);
    this.#control.setRate(this.#playback?.rate ?? 1);
  }

  /** Do nothing more of what is under way. */
  #stop() {
    this.#generation += 1;
    this.#running = false;
    this.#seekDebounce.cancel();
    clearTimeout(this.#outsideTimer);
    this.#returns.stop();
    this.#loop.stop();
  }

  /**
   * A broadcast as it is here: {dated, edgeMs, behindMs}: whether it has dates by which players are kept in step, the live edge (room's ms)
   * and how far behind it the room is; null for a film.
   */
  get broadcast() {
    return this.#playback && this.#control.broadcast.around(this.#target(this.#now()));
  }

  /** Where the player is, room's ms. */
  get positionMs() {
    return this.#control.positionMs;
  }

  /** Whether the room is at a moment that a broadcast has no more, or not yet for a while. */
  get outside() {
    return this.#control.broadcast.lacks(this.#target(this.#now()));
  }

  #standOutside() {
    this.#halt();
    this.#setStatus("outside");
    clearTimeout(this.#outsideTimer);
    this.#outsideTimer = setTimeout(() => this.resync(), LOOK_AGAIN_MS);
  }

  get #endMs() {
    return this.#control.endMs(this.#durationMs);
  }

  #target(nowMs) {
    return positionAt(this.#playback, nowMs, this.#endMs);
  }

  // -- stopping and starting --------------------------------------------------------------------------------------

  #rest() {
    this.#halt();
    const target = this.#target(this.#now());
    if (Math.abs(this.#control.positionMs - target) > SAME_FRAME_MS) this.#control.seek(target);
    this.#setStatus("resting");
  }

  #halt() {
    this.#running = false;
    this.#loop.stop();
    this.#control.pause();
    this.#control.setRate(this.#playback?.rate ?? 1);
  }

  async #start(generation) {
    this.#halt();
    if (this.#heldBack) return void this.#setStatus("blocked");
    this.#setStatus("starting");
    const { rate, at_ms: atMs } = this.#playback;
    const outdated = () => generation !== this.#generation;
    const prepared = await this.#starter.prepare({ atMs, target: (ms) => this.#target(ms), endMs: this.#endMs, outdated });
    if (outdated()) return;
    if (!prepared) return void this.#rest();
    this.#control.setRate(rate);
    const outcome = await this.#control.play();
    if (outdated() || outcome === "superseded") return;
    if (outcome === "refused") return void this.#setStatus("blocked");
    this.#running = true;
    this.#correcting = false;
    this.#stalled = false;
    this.#silenced = outcome === "muted" || (this.#silenced && this.#media.muted);
    this.#setStatus(this.#runningStatus);
    this.#loop.start(rate);
  }

  get #runningStatus() {
    return this.#silenced ? "muted" : "running";
  }

  // -- keeping in step --------------------------------------------------------------------------------------------

  /** Return whether the running player is near the new timeline, where it takes effect. */
  #mayKeepRunning() {
    const now = this.#now();
    const { at_ms: atMs } = this.#playback;
    const positionMs = this.#control.positionMs + Math.max(0, atMs - now) * this.#media.playbackRate;
    return !this.#media.paused && !this.#media.seeking
      && Math.abs(positionMs - this.#target(Math.max(now, atMs))) < KEEPS_RUNNING_WITHIN_MS;
  }

  async #changeRate(generation) {
    await sleep(this.#playback.at_ms - this.#now());
    if (generation === this.#generation && this.#running) this.#loop.setRate(this.#playback.rate);
  }

  #readError() {
    const now = this.#now();
    const target = this.#target(now);
    if (now < this.#playback.at_ms || target >= this.#endMs) return null;
    const moves = !this.#media.paused && !this.#media.seeking && !this.#stalled && this.ready;
    return moves ? this.#control.playingMs(performance.now()) - target : "stopped";
  }

  #correct() {
    this.#correcting = true;
    this.#generation += 1;
    this.#start(this.#generation);
  }

  // -- the player's events ----------------------------------------------------------------------------------------

  #onMedia = (event) => {
    if (event.type === "loadedmetadata") this.#loads += 1;
    if (this.#letGo) return undefined;
    const media = this.#media;
    const change = this.#control.changeIn(event, this.#running ? this.#target(this.#now()) : null);
    if (change?.byViewer) return this.#onViewerCommand(change.type);
    if (change && this.#playback) this.#onForeignChange(change.type);
    if (event.type === "loadedmetadata") {
      this.#control.broadcast.restart();
      return this.resync();
    }
    if (event.type === "canplay" || event.type === "seeked") this.#on.ready();
    if (event.type === "volumechange" && this.#silenced && !media.muted) this.allow();
    if (event.type === "waiting" && this.#running && !media.seeking) this.#setStalled(true);
    if ((event.type === "playing" || event.type === "canplay") && this.#stalled) this.#setStalled(false);
    if (event.type === "ended") this.#halt();
    if (event.type === "error") this.#onError(event);
    return undefined;
  };

  #onError(event) {
    event.preventDefault(); // tells sources.js that it is answered
    this.#running = false;
    this.#loop.stop();
    if (event.detail?.final) this.#setStatus("unplayable");
    else this.#setStatus(this.#control.reload() ? "loading" : "failed");
  }

  /** A command given to the player itself: by its own controls, a picture-in-picture window, the system's media keys. */
  #onViewerCommand(command) {
    this.#diverged = true;
    this.#heldBack = false;
    if (command === "play") {
      this.#halt(); // everyone starts together, when the room says so
      this.#on.command("play");
    } else if (command === "pause") {
      this.command("pause");
    } else if (command === "seek") {
      this.#halt();
      this.#seekDebounce.moveTo(this.#control.positionMs);
    } else {
      const rate = this.#media.playbackRate;
      this.#control.setRate(this.#playback?.rate ?? 1);
      this.#on.command("set_rate", rate);
    }
  }

  /** A change that no person made: a library's, the page's, the system's. It moves nobody else, and this player returns to the room. */
  #onForeignChange(type) {
    if (type === "pause") {
      if (this.#hidden()) return; // pageVisible() resumes
      this.#heldBack = true; // a phone call, unplugged headphones: the viewer says when to go on
      this.#halt();
      this.#setStatus("blocked");
    } else if (type === "seek") {
      this.#drift.restart(performance.now());
      const offMs = Math.abs(this.#control.positionMs - this.#target(this.#now()));
      if (!this.#running && this.#status === "resting" && offMs > SAME_PLACE_S * 1000) this.#returns.soon();
    } else {
      this.#heldBack &&= type !== "play"; // the system goes on after the call
      this.#returns.soon();
    }
  }

  #setStalled(stalled) {
    this.#stalled = stalled;
    this.#setStatus(stalled ? "stalled" : this.#runningStatus);
  }

  #setStatus(status) {
    if (status === this.#status) return;
    this.#status = status;
    this.#on.status(status);
  }
}

/** Makes a player follow a timeline: it rests where the film rests, starts at the instant at which it starts, and keeps in step with it. */
import { Drift, rateChangesStall } from "./drift.js";
import { DriftLoop } from "./drift-loop.js";
import { SAME_FRAME_MS, Starter, sleep } from "./starter.js";
import { positionAt } from "./timeline.js";

/** A running player whose timeline changes by less than this is not restarted: the drift controller removes the difference. */
const KEEPS_RUNNING_WITHIN_MS = 100;

/** A player that waits for a moment which a broadcast does not have looks again after this time. */
const LOOK_AGAIN_MS = 1_000;

export class Follower {
  media;
  /** What moves it (media-control.js). */
  control;
  /** The timeline that it follows, or null. */
  playback = null;
  /** Whether the system has paused it: it starts again only when the viewer says so. */
  heldBack = false;
  /** Whether it was left to something else that is shown in it, or for good. */
  isLetGo = false;
  #now;
  #onStatus;
  #starter;
  #drift;
  #loop;
  #durationMs = Infinity;
  #generation = 0; // counts the timelines followed, so that an asynchronous start notices that it is outdated
  #running = false;
  #stalled = false;
  #silenced = false;
  #correcting = false;
  #status = null;
  #outsideTimer = null;

  /** `now()` returns the server's time in ms; `onStatus(name)` is told each change of the status (player.js). */
  constructor(media, { control, now, browser, onStatus }) {
    this.media = media;
    this.control = control;
    this.#now = now;
    this.#onStatus = onStatus;
    this.#starter = new Starter({ control, now });
    this.#drift = new Drift({ nudgesRate: !rateChangesStall(browser) });
    this.#loop = new DriftLoop({
      control,
      drift: this.#drift,
      read: () => this.#readError(),
      on: {
        seek: () => this.#correct(),
        // At another rate keeping the pitch costs time of its own.
        started: (errorMs) => this.playback.rate === 1 && this.#starter.learn(errorMs),
      },
    });
  }

  /** The player's position minus the room's in ms (median of the last readings), or null while it does not run. */
  get skewMs() {
    return this.#running ? this.#drift.errorMs : null;
  }

  /** Where the player is, room's ms. */
  get positionMs() {
    return this.control.positionMs;
  }

  /** Where the running player should be now, room's ms; null while it does not run. */
  get expectedMs() {
    return this.#running ? this.targetMs : null;
  }

  /** Where the film should be now, room's ms. */
  get targetMs() {
    return this.#target(this.#now());
  }

  /** Where the film ends in this player, room's ms. */
  get endMs() {
    return this.control.endMs(this.#durationMs);
  }

  /** The timeline's speed. */
  get rate() {
    return this.playback?.rate ?? 1;
  }

  /** The status told last. */
  get status() {
    return this.#status;
  }

  /** Whether the player stands where the room is and can start. */
  get ready() {
    return this.playback !== null && this.control.ready && !this.media.seeking;
  }

  /** Whether the source was given up. */
  get failed() {
    return this.#status === "failed" || this.#status === "unplayable";
  }

  /** Whether the room is at a moment that a broadcast has no more, or not yet for a while. */
  get outside() {
    return this.control.broadcast.lacks(this.targetMs);
  }

  /**
   * Why the film does not move here although the room plays it: "stalled" (out of data), "seeking" (a seek of the room is under way),
   * "expected" (a seek of the widget's own, or the start lies ahead), "low_buffer" (it can play, but not for long), or null.
   */
  get stallReason() {
    const { status, at_ms: atMs } = this.playback ?? { status: "paused" };
    const now = this.#now();
    if (status === "paused" || this.failed || this.#status === "outside") return null;
    if (status === "playing" && this.#target(now) >= this.endMs) return null;
    if (this.ready) return this.control.wellBuffered ? null : "low_buffer";
    if (this.#correcting || (status === "playing" && now < atMs)) return "expected";
    return this.media.seeking ? "seeking" : "stalled";
  }

  /**
   * Follow a timeline from now on: {status, position_ms, rate, at_ms}, in a film of `durationMs`, or in a broadcast whose position 0 is
   * the date `originMs`.
   */
  follow(playback, durationMs = Infinity, originMs = null) {
    this.#correcting = this.playback === null; // a newcomer catches up without the room waiting
    this.control.broadcast.originMs = originMs;
    this.control.roomKnown();
    this.playback = playback;
    this.#durationMs = durationMs;
    this.#follow();
  }

  /** Follow the same timeline anew: the clock jumped, a command was refused, or the player was disturbed. */
  resync() {
    if (!this.playback || this.isLetGo) return;
    this.#correcting = true;
    this.#follow();
  }

  /** Leave the player to somebody who shows something else in it, as it is, until `takeUp`. */
  letGo() {
    this.stop();
    this.isLetGo = true;
    this.control.setRate(1);
  }

  /** Have the player again; it follows what `follow` tells next. */
  takeUp() {
    this.isLetGo = false;
  }

  /** Load the source again, now: the viewer has asked for it, or the machine is online again. */
  reload() {
    this.#status = null; // told anew, also where it was loading already
    this.#setStatus("loading");
    this.control.reloadNow();
  }

  /** Play with sound after the viewer's press, which browsers require. */
  allow() {
    this.heldBack = false;
    this.#silenced = false;
    this.media.muted = false;
    if (this.media.paused || !this.#running) this.resync();
    else this.#setStatus("running");
  }

  /** Stand still, at the timeline's speed. */
  halt() {
    this.#running = false;
    this.#loop.stop();
    this.control.pause();
    this.control.setRate(this.rate);
  }

  /** Do nothing more of what is under way. */
  stop() {
    this.#generation += 1;
    this.#running = false;
    clearTimeout(this.#outsideTimer);
    this.#loop.stop();
  }

  /** Note an event of the player that nobody has brought about: it stalls, goes on, ends or fails. */
  note(event) {
    if (event.type === "volumechange" && this.#silenced && !this.media.muted) this.allow();
    if (event.type === "waiting" && this.#running && !this.media.seeking) this.#setStalled(true);
    if ((event.type === "playing" || event.type === "canplay") && this.#stalled) this.#setStalled(false);
    if (event.type === "ended") this.halt();
    if (event.type === "error") this.#onError(event);
  }

  /** The system has paused the player: a phone call, unplugged headphones. */
  holdBack() {
    this.heldBack = true;
    this.halt();
    this.#setStatus("blocked");
  }

  /** The player was moved by somebody: what was measured before counts no more. */
  moved() {
    this.#drift.restart(performance.now());
  }

  #follow() {
    this.#generation += 1;
    if (this.isLetGo) return undefined;
    clearTimeout(this.#outsideTimer);
    if (!this.control.loaded) return this.failed ? undefined : this.#setStatus("loading");
    this.control.broadcast.settle(this.targetMs);
    if (this.outside) return this.#standOutside();
    if (this.playback.status !== "playing" || this.targetMs >= this.endMs) return this.#rest();
    if (this.#running && this.#mayKeepRunning()) return this.#changeRate(this.#generation);
    return this.#start(this.#generation);
  }

  #target(nowMs) {
    return positionAt(this.playback, nowMs, this.endMs);
  }

  // -- stopping and starting --------------------------------------------------------------------------------------

  #standOutside() {
    this.halt();
    this.#setStatus("outside");
    this.#outsideTimer = setTimeout(() => this.resync(), LOOK_AGAIN_MS);
  }

  #rest() {
    this.halt();
    const target = this.targetMs;
    if (Math.abs(this.positionMs - target) > SAME_FRAME_MS) this.control.seek(target);
    this.#setStatus("resting");
  }

  async #start(generation) {
    this.halt();
    if (this.heldBack) return void this.#setStatus("blocked");
    this.#setStatus("starting");
    const { rate, at_ms: atMs } = this.playback;
    const outdated = () => generation !== this.#generation;
    const prepared = await this.#starter.prepare({ atMs, target: (ms) => this.#target(ms), endMs: this.endMs, outdated });
    if (outdated()) return;
    if (!prepared) return void this.#rest();
    this.control.setRate(rate);
    const outcome = await this.control.play();
    if (outdated() || outcome === "superseded") return;
    if (outcome === "refused") return void this.#setStatus("blocked");
    this.#running = true;
    this.#correcting = false;
    this.#stalled = false;
    this.#silenced = outcome === "muted" || (this.#silenced && this.media.muted);
    this.#setStatus(this.#runningStatus);
    this.#loop.start(rate);
  }

  // -- keeping in step --------------------------------------------------------------------------------------------

  /** Return whether the running player is near the new timeline, where it takes effect. */
  #mayKeepRunning() {
    const now = this.#now();
    const { at_ms: atMs } = this.playback;
    const positionMs = this.positionMs + Math.max(0, atMs - now) * this.media.playbackRate;
    return !this.media.paused && !this.media.seeking
      && Math.abs(positionMs - this.#target(Math.max(now, atMs))) < KEEPS_RUNNING_WITHIN_MS;
  }

  async #changeRate(generation) {
    await sleep(this.playback.at_ms - this.#now());
    if (generation === this.#generation && this.#running) this.#loop.setRate(this.playback.rate);
  }

  #readError() {
    const now = this.#now();
    const target = this.#target(now);
    if (now < this.playback.at_ms || target >= this.endMs) return null;
    const moves = !this.media.paused && !this.media.seeking && !this.#stalled && this.ready;
    return moves ? this.control.playingMs(performance.now()) - target : "stopped";
  }

  #correct() {
    this.#correcting = true;
    this.#generation += 1;
    this.#start(this.#generation);
  }

  // -- what is told -----------------------------------------------------------------------------------------------

  #onError(event) {
    event.preventDefault(); // tells sources.js that it is answered
    this.#running = false;
    this.#loop.stop();
    if (event.detail?.final) this.#setStatus("unplayable");
    else this.#setStatus(this.control.reload() ? "loading" : "failed");
  }

  get #runningStatus() {
    return this.#silenced ? "muted" : "running";
  }

  #setStalled(stalled) {
    this.#stalled = stalled;
    this.#setStatus(stalled ? "stalled" : this.#runningStatus);
  }

  #setStatus(status) {
    if (status === this.#status) return;
    this.#status = status;
    this.#onStatus(status);
  }
}

/**
 * Binds one player to the room's timeline: follows it, keeps in step, and tells the viewer's wishes from its own doing.
 *
 * `media` is an HTMLMediaElement or an adapter with the same parts: currentTime, duration, paused, ended, seeking, readyState,
 * playbackRate, muted, play(), pause(), addEventListener(), removeEventListener().
 */
import { Drag } from "./seek-debounce.js";
import { Drift, PARAMETERS, rateChangesStall } from "./drift.js";
import { StartTiming } from "./start.js";
import { positionAt } from "./timeline.js";
import { Transport } from "./media-control.js";

/** A resting player is moved only when it is further off than this: less than a frame, nobody sees it. */
const SAME_FRAME_MS = 10;

/** A running player whose timeline changes by less than this goes on running and is nudged. */
const GOES_ON_WITHIN_MS = 100;

/** A start later than this aims anew; the drift controller removes less in under a second. */
const LATE_MS = 40;

/** Aims before the player starts wherever it is; the drift controller takes over from there. */
const STARTS_AT_MOST = 5;

const MEDIA_EVENTS = ["loadedmetadata", "canplay", "play", "pause", "seeking", "seeked", "ratechange", "waiting", "playing",
  "volumechange", "ended", "error"];

export class Player {
  #media;
  #transport;
  #now;
  #heard;
  #timing = new StartTiming();
  #drift;
  #playback = null;
  #durationMs = Infinity;
  #turn = 0;
  #running = false;
  #stalled = false;
  #silenced = false;
  #correcting = false;
  #astray = false;
  #status = null;
  #ticks = 0;
  #sampler = null;
  #drag;
  #firstErrors = null;

  /**
   * `now` gives the server's time in ms. `heard` takes {wish(type, value), status(name), ready()}; statuses:
   * loading, resting, starting, running, stalled, blocked (needs the viewer's press), muted (runs, but without sound), failed
   * (the player cannot play this source).
   */
  constructor(media, { now, heard, browser = globalThis.navigator ?? {} }) {
    this.#media = media;
    this.#transport = new Transport(media);
    this.#now = now;
    this.#heard = heard;
    this.#drag = new Drag((positionMs) => heard.wish("seek", positionMs));
    this.#drift = new Drift({ nudgesRate: !rateChangesStall(browser) });
    for (const type of MEDIA_EVENTS) media.addEventListener(type, this.#onMedia);
    globalThis.document?.addEventListener("visibilitychange", this.#onVisible);
  }

  /** The player's position minus the room's in ms (median of the last readings), or null while it does not run. */
  get skewMs() {
    return this.#running ? this.#drift.errorMs : null;
  }

  /** It stands where the room is and could start. */
  get ready() {
    return this.#playback !== null && this.#transport.ready && !this.#media.seeking;
  }

  /** What keeps the film from moving here though the room wants it to: see buffering.js. */
  get dry() {
    const { status, at_ms: atMs } = this.#playback ?? { status: "paused" };
    const now = this.#now();
    if (status === "paused" || this.#status === "failed") return null;
    if (status === "playing" && this.#target(now) >= this.#endMs) return null;
    if (this.ready) return this.#transport.plenty ? null : "thin";
    if (this.#correcting || (status === "playing" && now < atMs)) return "excused";
    return this.#media.seeking ? "landing" : "stall";
  }

  /** Follows a timeline from now on: {status, position_ms, rate, at_ms}, in a film of `durationMs`. */
  follow(playback, durationMs = Infinity) {
    this.#correcting = this.#playback === null; // whoever has just come catches up without holding anybody
    this.#follow(playback, durationMs);
  }

  #follow(playback, durationMs) {
    this.#turn += 1;
    this.#playback = playback;
    this.#durationMs = durationMs;
    this.#astray = false;
    this.#drag.drop();
    if (!this.#transport.loaded) return this.#say("loading");
    if (playback.status !== "playing" || this.#target(this.#now()) >= this.#endMs) return this.#rest();
    if (this.#running && this.#goesOn()) return this.#takeRate(this.#turn);
    return this.#start(this.#turn);
  }

  /** Follows the same timeline anew: after the clock jumped, a wish was refused, or the page became visible. */
  refollow() {
    if (!this.#playback) return;
    this.#correcting = true;
    this.#follow(this.#playback, this.#durationMs);
  }

  /** The room has answered a wish: if nothing came of it (it was paused already, say), back to what the room does. */
  answered() {
    if (this.#astray) this.refollow();
  }

  /** The viewer wishes it: shown at once where that disturbs nobody, and told to `heard.wish`. */
  wish(type, value) {
    this.#astray = true;
    if (type === "pause") {
      this.#halt();
      this.#heard.wish("pause");
    } else if (type === "seek") {
      this.#halt(); // stands still at the new place until the room says when to go on
      this.#transport.seek(Math.min(value, this.#endMs));
      this.#drag.to(value);
    } else {
      this.#heard.wish(type, value);
    }
  }

  /** The viewer pressed the one button: browsers allow sound from here on. */
  allow() {
    this.#silenced = false;
    this.#media.muted = false;
    if (this.#media.paused || !this.#running) this.refollow();
    else this.#say("running");
  }

  /** Lets go of the player and leaves it as it is. */
  detach() {
    this.#turn += 1;
    this.#running = false;
    this.#drag.drop();
    clearTimeout(this.#sampler);
    this.#transport.letGo();
    for (const type of MEDIA_EVENTS) this.#media.removeEventListener(type, this.#onMedia);
    globalThis.document?.removeEventListener("visibilitychange", this.#onVisible);
    this.#transport.rate(this.#playback?.rate ?? 1);
  }

  get #endMs() {
    return this.#transport.endMs(this.#durationMs);
  }

  #target(nowMs) {
    return positionAt(this.#playback, nowMs, this.#endMs);
  }

  // -- resting and starting ---------------------------------------------------------------------------------------

  #rest() {
    this.#halt();
    const target = this.#target(this.#now());
    if (Math.abs(this.#transport.positionMs - target) > SAME_FRAME_MS) this.#transport.seek(target);
    this.#say("resting");
  }

  #halt() {
    this.#running = false;
    this.#transport.pause();
    this.#transport.rate(this.#playback?.rate ?? 1);
    this.#drift.reset();
  }

  /** Stands where the film will be, and starts so that it moves at that instant. */
  async #start(turn) {
    this.#halt();
    this.#say("starting");
    const over = () => turn !== this.#turn;
    for (let attempt = 1; ; attempt += 1) {
      const { startsAtMs, sought } = this.#stand();
      if (this.#target(startsAtMs) >= this.#endMs) return this.#rest();
      const beganMs = this.#now();
      await this.#transport.arrival(over);
      if (over()) return undefined;
      if (sought) this.#timing.sought(this.#now() - beganMs);
      const lateMs = this.#now() - startsAtMs + this.#timing.leadMs(this.#transport.standing);
      if (lateMs > LATE_MS && attempt < STARTS_AT_MOST) {
        if (sought) this.#timing.late();
        continue;
      }
      await sleep(-lateMs);
      if (over()) return undefined;
      this.#firstErrors = lateMs <= 0 ? [] : null; // a late start teaches nothing
      return this.#play(turn);
    }
  }

  /** Moves the paused player to where the film will be, if it is not there already, and says when it will be there. */
  #stand() {
    const now = this.#now();
    const { at_ms: atMs } = this.#playback;
    const soonestMs = atMs > now ? atMs : now + this.#timing.leadMs(this.#transport.standing);
    if (Math.abs(this.#transport.positionMs - this.#target(soonestMs)) <= SAME_FRAME_MS) {
      return { startsAtMs: soonestMs, sought: false };
    }
    const startsAtMs = Math.max(atMs, now + this.#timing.seekMs);
    this.#transport.seek(this.#target(startsAtMs));
    return { startsAtMs, sought: true };
  }

  async #play(turn) {
    this.#transport.rate(this.#playback.rate);
    this.#drift.reset();
    const outcome = await this.#transport.play();
    if (turn !== this.#turn || outcome === "overtaken") return;
    if (outcome === "refused") this.#say("blocked");
    else this.#run(outcome === "muted" || (this.#silenced && this.#media.muted));
  }

  #run(silenced) {
    this.#running = true;
    this.#correcting = false;
    this.#stalled = false;
    this.#silenced = silenced;
    this.#ticks = 0;
    this.#say(silenced ? "muted" : "running");
    clearTimeout(this.#sampler);
    this.#sampler = setTimeout(this.#tick, PARAMETERS.sampleEveryMs);
  }

  // -- keeping in step --------------------------------------------------------------------------------------------

  #goesOn() {
    const now = this.#now();
    const { at_ms: atMs } = this.#playback;
    const there = this.#transport.positionMs + Math.max(0, atMs - now) * this.#media.playbackRate;
    return !this.#media.paused && !this.#media.seeking
      && Math.abs(there - this.#target(Math.max(now, atMs))) < GOES_ON_WITHIN_MS;
  }

  async #takeRate(turn) {
    await sleep(this.#playback.at_ms - this.#now());
    if (turn !== this.#turn || !this.#running) return;
    this.#transport.rate(this.#playback.rate);
    this.#drift.reset();
  }

  #tick = () => {
    if (!this.#running) return;
    this.#sampler = setTimeout(this.#tick, PARAMETERS.sampleEveryMs);
    const now = this.#now();
    const target = this.#target(now);
    if (now < this.#playback.at_ms || target >= this.#endMs) return;
    const moves = !this.#media.paused && !this.#media.seeking && !this.#stalled && this.ready;
    if (!moves) return void this.#drift.forget();
    const errorMs = this.#transport.positionMs - target;
    this.#drift.sample(errorMs);
    this.#learn(errorMs);
    this.#ticks += 1;
    if (this.#ticks % (PARAMETERS.controlEveryMs / PARAMETERS.sampleEveryMs) === 0) this.#control();
  };

  #control() {
    const action = this.#drift.control(performance.now(), this.#playback.rate);
    if (action?.seek) {
      this.#correcting = true;
      this.#turn += 1;
      this.#start(this.#turn);
    } else if (action) {
      this.#transport.rate(this.#playback.rate * action.factor, { nudge: action.factor !== 1 });
    }
  }

  /** The first readings after a start show how early play() should have been called. */
  #learn(errorMs) {
    if (this.#firstErrors === null) return;
    this.#firstErrors.push(errorMs);
    if (this.#firstErrors.length < PARAMETERS.samples) return;
    const sorted = this.#firstErrors.sort((a, b) => a - b);
    this.#timing.started(this.#transport.standing, sorted[sorted.length >> 1] / this.#playback.rate);
    this.#firstErrors = null;
  }

  // -- what the player itself says --------------------------------------------------------------------------------

  #onMedia = (event) => {
    const media = this.#media;
    const wish = this.#transport.wishIn(event);
    if (wish) return this.#obey(wish);
    if (event.type === "loadedmetadata") return this.refollow();
    if (event.type === "canplay" || event.type === "seeked") this.#heard.ready();
    if (event.type === "volumechange" && this.#silenced && !media.muted) this.allow();
    if (event.type === "waiting" && this.#running && !media.seeking) this.#stall(true);
    if ((event.type === "playing" || event.type === "canplay") && this.#stalled) this.#stall(false);
    if (event.type === "ended") this.#halt();
    if (event.type === "error") {
      this.#running = false;
      this.#say(this.#transport.loadAgain() ? "loading" : "failed");
    }
    return undefined;
  };

  /** A wish made on the player itself: its own controls, a picture-in-picture window, the system's keys. */
  #obey(wish) {
    const media = this.#media;
    this.#astray = true;
    if (wish === "play") {
      this.#halt(); // everyone starts together, when the room says so
      this.#heard.wish("play");
    } else if (wish === "pause") {
      this.wish("pause");
    } else if (wish === "seek") {
      this.#halt();
      this.#drag.to(media.currentTime * 1000);
    } else {
      const rate = media.playbackRate;
      this.#transport.rate(this.#playback?.rate ?? 1);
      this.#heard.wish("set_rate", rate);
    }
  }

  #stall(stalled) {
    this.#stalled = stalled;
    this.#drift.forget();
    this.#say(stalled ? "stalled" : this.#silenced ? "muted" : "running");
  }

  #onVisible = () => {
    if (!document.hidden && this.#playback?.status === "playing" && this.#media.paused && this.#status !== "blocked") {
      this.refollow();
    }
  };

  #say(status) {
    if (status === this.#status) return;
    this.#status = status;
    this.#heard.status(status);
  }
}

function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}

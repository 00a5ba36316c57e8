/**
 * Binds one player to the room's timeline: follows it, keeps in step, and tells the viewer's wishes from its own doing.
 *
 * `media` is an HTMLMediaElement or an adapter with the same parts: currentTime, duration, paused, ended, seeking, readyState,
 * playbackRate, muted, play(), pause(), addEventListener(), removeEventListener().
 */
import { Drift, PARAMETERS, rateChangesStall } from "./drift.js";
import { StartTiming } from "./start.js";
import { positionAt } from "./timeline.js";
import { Wishes } from "./wishes.js";

const HAVE_METADATA = 1;
const HAVE_FUTURE_DATA = 3;

/** A resting player is moved only when it is further off than this: less than a frame, nobody sees it. */
const SAME_FRAME_MS = 10;

/** A running player whose timeline changes by less than this goes on running and is nudged. */
const GOES_ON_WITHIN_MS = 100;

/** A seek bar that is dragged asks for one seek once it rests this long. */
const DRAG_RESTS_MS = 200;

/** A start later than this aims anew; the drift controller removes less in under a second. */
const LATE_MS = 40;

/** Aims before the player starts wherever it is; the drift controller takes over from there. */
const STARTS_AT_MOST = 5;

const ARRIVALS = ["seeked", "canplay"];

/** Tries to load a film that broke off, the first one soon, each next one after twice the time. */
const RELOADS_AT_MOST = 4;
const FIRST_RELOAD_MS = 500;

const MEDIA_EVENTS = ["loadedmetadata", "canplay", "play", "pause", "seeking", "seeked", "ratechange", "waiting", "playing",
  "volumechange", "ended", "error"];

export class Player {
  #media;
  #now;
  #heard;
  #wishes = new Wishes();
  #timing = new StartTiming();
  #drift;
  #playback = null;
  #durationMs = Infinity;
  #turn = 0;
  #running = false;
  #stalled = false;
  #mutedByUs = false;
  #learns = false;
  #standing = "sought";
  #reloads = 0;
  #reloader = null;
  #status = null;
  #ticks = 0;
  #sampler = null;
  #dragged = null;
  #errors = [];
  #astray = false;

  /**
   * `now` gives the server's time in ms. `heard` takes {wish(type, value), status(name), ready(), buffering(yes)}; statuses:
   * loading, resting, starting, running, stalled, blocked (needs the viewer's press), muted (runs, but without sound), failed
   * (the player cannot play this source).
   */
  constructor(media, { now, heard, browser = globalThis.navigator ?? {} }) {
    this.#media = media;
    this.#now = now;
    this.#heard = heard;
    this.#drift = new Drift({ nudgesRate: !rateChangesStall(browser) });
    for (const type of MEDIA_EVENTS) media.addEventListener(type, this.#onMedia);
    globalThis.document?.addEventListener("visibilitychange", this.#onVisible);
  }

  get media() {
    return this.#media;
  }

  get status() {
    return this.#status;
  }

  /** The player's position minus the room's in ms (median of the last readings), or null while it does not run. */
  get skewMs() {
    return this.#running ? this.#drift.errorMs : null;
  }

  get ready() {
    return this.#media.readyState >= HAVE_FUTURE_DATA;
  }

  /** Follows a timeline from now on: {status, position_ms, rate, at_ms}, in a film of `durationMs`. */
  follow(playback, durationMs = Infinity) {
    this.#turn += 1;
    this.#playback = playback;
    this.#durationMs = durationMs;
    this.#astray = false;
    this.#dropDrag();
    if (this.#media.readyState < HAVE_METADATA) return this.#say("loading");
    if (playback.status !== "playing" || this.#target(this.#now()) >= this.#endMs) return this.#rest();
    if (this.#running && this.#goesOn()) return this.#takeRate(this.#turn);
    return this.#start(this.#turn);
  }

  /** Follows the same timeline anew: after the clock jumped, a wish was refused, or the page became visible. */
  refollow() {
    if (this.#playback) this.follow(this.#playback, this.#durationMs);
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
      this.#seek(value);
      this.#afterDrag(value);
    } else {
      this.#heard.wish(type, value);
    }
  }

  /** The viewer pressed the one button: browsers allow sound from here on. */
  allow() {
    this.#media.muted = false;
    this.#mutedByUs = false;
    if (this.#media.paused || !this.#running) this.refollow();
    else this.#say("running");
  }

  /** Lets go of the player and leaves it as it is. */
  detach() {
    this.#turn += 1;
    this.#running = false;
    this.#dropDrag();
    clearTimeout(this.#sampler);
    clearTimeout(this.#reloader);
    for (const type of MEDIA_EVENTS) this.#media.removeEventListener(type, this.#onMedia);
    globalThis.document?.removeEventListener("visibilitychange", this.#onVisible);
    this.#setRate(this.#playback?.rate ?? 1);
  }

  get #endMs() {
    const own = this.#media.duration * 1000;
    return Math.min(this.#durationMs || Infinity, Number.isFinite(own) && own > 0 ? own : Infinity);
  }

  get #positionMs() {
    return this.#media.currentTime * 1000;
  }

  #target(nowMs) {
    return positionAt(this.#playback, nowMs, this.#endMs);
  }

  // -- resting ----------------------------------------------------------------------------------------------------

  #rest() {
    this.#halt();
    const target = this.#target(this.#now());
    if (Math.abs(this.#positionMs - target) > SAME_FRAME_MS) this.#seek(target);
    this.#say("resting");
  }

  #halt() {
    this.#running = false;
    this.#wishes.paused(true);
    if (!this.#media.paused) {
      this.#media.pause();
      this.#standing = "paused";
    }
    this.#setRate(this.#playback?.rate ?? 1);
    this.#drift.reset();
  }

  // -- starting ---------------------------------------------------------------------------------------------------

  /** Stands where the film will be, and starts so that it moves at that instant. */
  async #start(turn) {
    this.#halt();
    this.#say("starting");
    for (let attempt = 1; ; attempt += 1) {
      const { startsAtMs, sought } = this.#stand();
      if (this.#target(startsAtMs) >= this.#endMs) return this.#rest();
      const beganMs = this.#now();
      await this.#arrives(turn);
      if (turn !== this.#turn) return;
      if (sought) this.#timing.sought(this.#now() - beganMs);
      const callAtMs = startsAtMs - this.#timing.leadMs(this.#standing);
      const lateMs = this.#now() - callAtMs;
      if (lateMs > LATE_MS && attempt < STARTS_AT_MOST) {
        if (sought) this.#timing.late();
        continue;
      }
      await sleep(-lateMs);
      if (turn !== this.#turn) return;
      this.#learns = lateMs <= 0;
      return this.#play(turn);
    }
  }

  /** Moves the paused player to where the film will be, if it is not there already, and says when it will be there. */
  #stand() {
    const now = this.#now();
    const { at_ms: atMs } = this.#playback;
    const soonestMs = atMs > now ? atMs : now + this.#timing.leadMs(this.#standing);
    if (Math.abs(this.#positionMs - this.#target(soonestMs)) <= SAME_FRAME_MS) return { startsAtMs: soonestMs, sought: false };
    const startsAtMs = Math.max(atMs, now + this.#timing.seekMs);
    this.#seek(this.#target(startsAtMs));
    return { startsAtMs, sought: true };
  }

  /** Settles when the player has arrived and can play, or when the turn is over. */
  #arrives(turn) {
    return new Promise((resolve) => {
      const look = () => {
        if (turn === this.#turn && (this.#media.seeking || !this.ready)) return;
        for (const type of ARRIVALS) this.#media.removeEventListener(type, look);
        clearInterval(poll);
        resolve();
      };
      // A turn that is over fires no media event; the slow look lets its promise go.
      const poll = setInterval(look, 250);
      for (const type of ARRIVALS) this.#media.addEventListener(type, look);
      look();
    });
  }

  async #play(turn) {
    this.#wishes.paused(false);
    this.#setRate(this.#playback.rate);
    this.#drift.reset();
    try {
      await this.#media.play();
    } catch (error) {
      if (turn === this.#turn) await this.#refused(turn, error);
      return;
    }
    if (turn === this.#turn) this.#run();
  }

  /** Browsers refuse sound before the viewer touched the page: run without it, so as not to fall behind, and offer it. */
  async #refused(turn, error) {
    if (error?.name === "AbortError") return;
    if (error?.name === "NotAllowedError" && !this.#media.muted) {
      this.#media.muted = true;
      this.#mutedByUs = true;
      try {
        await this.#media.play();
        if (turn === this.#turn) this.#run();
        return;
      } catch (again) {
        if (turn !== this.#turn || again?.name === "AbortError") return;
        this.#media.muted = false;
        this.#mutedByUs = false;
      }
    }
    this.#wishes.paused(true);
    this.#say("blocked");
  }

  #run() {
    this.#running = true;
    this.#stalled = false;
    this.#ticks = 0;
    this.#errors = [];
    this.#say(this.#mutedByUs ? "muted" : "running");
    clearTimeout(this.#sampler);
    this.#sampler = setTimeout(this.#tick, PARAMETERS.sampleEveryMs);
  }

  // -- keeping in step --------------------------------------------------------------------------------------------

  #goesOn() {
    const now = this.#now();
    const { at_ms: atMs } = this.#playback;
    const until = Math.max(0, atMs - now);
    const there = this.#positionMs + until * this.#media.playbackRate;
    return !this.#media.paused && !this.#media.seeking
      && Math.abs(there - this.#target(Math.max(now, atMs))) < GOES_ON_WITHIN_MS;
  }

  async #takeRate(turn) {
    const until = this.#playback.at_ms - this.#now();
    if (until > 0) await sleep(until);
    if (turn !== this.#turn || !this.#running) return;
    this.#setRate(this.#playback.rate);
    this.#drift.reset();
  }

  #tick = () => {
    if (!this.#running) return;
    this.#sampler = setTimeout(this.#tick, PARAMETERS.sampleEveryMs);
    const now = this.#now();
    const target = this.#target(now);
    if (now < this.#playback.at_ms || target >= this.#endMs) return;
    if (this.#media.paused || this.#media.seeking || this.#stalled || !this.ready) return this.#drift.forget();
    const errorMs = this.#positionMs - target;
    this.#drift.sample(errorMs);
    this.#learn(errorMs);
    this.#ticks += 1;
    if (this.#ticks % (PARAMETERS.controlEveryMs / PARAMETERS.sampleEveryMs) === 0) this.#control();
  };

  #control() {
    const action = this.#drift.control(performance.now(), this.#playback.rate);
    if (action?.seek) {
      this.#turn += 1;
      this.#start(this.#turn);
    } else if (action) {
      this.#setRate(this.#playback.rate * action.factor, action.factor !== 1);
    }
  }

  #learn(errorMs) {
    if (!this.#learns) return;
    this.#errors.push(errorMs);
    if (this.#errors.length < PARAMETERS.samples) return;
    const sorted = this.#errors.sort((a, b) => a - b);
    this.#timing.started(this.#standing, sorted[sorted.length >> 1] / this.#playback.rate);
    this.#learns = false;
  }

  // -- what the player itself says --------------------------------------------------------------------------------

  #onMedia = (event) => {
    const media = this.#media;
    const wish = this.#wishes.read(event.type, media, { hidden: globalThis.document?.hidden ?? false });
    if (event.type === "seeking") this.#standing = "sought";
    if (wish) return this.#obey(wish);
    if (event.type === "loadedmetadata") return this.refollow();
    if (event.type === "canplay") {
      this.#reloads = 0;
      this.#heard.ready();
    }
    if (event.type === "seeked" && !media.seeking) this.#wishes.arrived();
    if (event.type === "volumechange" && this.#mutedByUs && !media.muted) this.allow();
    if (event.type === "waiting" && this.#running && !media.seeking) this.#stall(true);
    if ((event.type === "playing" || event.type === "canplay") && this.#stalled) this.#stall(false);
    if (event.type === "ended") this.#halt();
    if (event.type === "error") this.#reload();
  };

  /** A wish made on the player itself (its own controls, a picture-in-picture window). */
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
      this.#wishes.seekTo(media.currentTime);
      this.#afterDrag(media.currentTime * 1000);
    } else {
      const rate = media.playbackRate;
      this.#setRate(this.#playback?.rate ?? 1);
      this.#heard.wish("set_rate", rate);
    }
  }

  #stall(stalled) {
    this.#stalled = stalled;
    this.#drift.forget();
    this.#heard.buffering(stalled);
    this.#say(stalled ? "stalled" : this.#mutedByUs ? "muted" : "running");
  }

  /** A film that did not load is asked for again: networks change under people's feet. After some tries it has failed. */
  #reload() {
    this.#running = false;
    if (!this.#media.load || this.#reloads === RELOADS_AT_MOST) return this.#say("failed");
    this.#say("loading");
    this.#reloads += 1;
    this.#reloader = setTimeout(() => this.#media.load(), FIRST_RELOAD_MS * 2 ** (this.#reloads - 1));
    return undefined; // once its metadata is there, the timeline is followed anew
  }

  #onVisible = () => {
    if (!document.hidden && this.#playback?.status === "playing" && this.#media.paused && this.#status !== "blocked") {
      this.refollow();
    }
  };

  // -- small moves ------------------------------------------------------------------------------------------------

  #seek(positionMs) {
    const seconds = Math.max(0, Math.min(positionMs, this.#endMs)) / 1000;
    this.#wishes.seekTo(seconds);
    this.#standing = "sought";
    this.#media.currentTime = seconds;
  }

  #setRate(rate, nudging = false) {
    this.#wishes.rate(rate);
    if (this.#media.playbackRate === rate) return;
    // Keeping the pitch costs 12 to 14 ms at each change (measured); 1 to 3 % of pitch is not heard.
    this.#media.preservesPitch = !nudging;
    this.#media.playbackRate = rate;
  }

  #afterDrag(positionMs) {
    clearTimeout(this.#dragged);
    this.#dragged = setTimeout(() => {
      this.#dragged = null;
      this.#heard.wish("seek", Math.round(positionMs));
    }, DRAG_RESTS_MS);
  }

  #dropDrag() {
    clearTimeout(this.#dragged);
    this.#dragged = null;
  }

  #say(status) {
    if (status === this.#status) return;
    this.#status = status;
    this.#heard.status(status);
  }
}

function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}

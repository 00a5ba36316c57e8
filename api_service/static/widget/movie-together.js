/**
 * <movie-together join-url="…"> binds the player inside it (or `element.media = adapter`) to a room. See docs/embedding.md.
 *
 * Events (bubbling, composed): mt-status, mt-room, mt-state, mt-members, mt-message, mt-event, mt-error, mt-closed.
 */
import { Overlay } from "./overlay.js";
import { Player } from "./player.js";
import { mayControl } from "./replica.js";
import { Session } from "./session.js";
import { joinBy } from "./socket.js";
import { textsFor } from "./texts.js";
import { Refusal } from "./commands.js";
import { isRunning, positionAt } from "./timeline.js";

/** What media-chrome's controls ask of their controller; heard here first, so that the room is asked instead. */
const REQUESTS = {
  mediaplayrequest: ["play"],
  mediapauserequest: ["pause"],
  mediaseekrequest: ["seek", (seconds) => seconds * 1000],
  mediaplaybackraterequest: ["set_rate", (rate) => rate],
};

/** Getting in step takes this long without a word; longer is worth telling. */
const QUIET_MS = 900;

/** How often the player's skew is reported while the film runs. */
const REPORT_EVERY_MS = 10_000;

/** Reasons that trying again may cure. */
const CURABLE = new Set(["room_full"]);

export class MovieTogether extends HTMLElement {
  static observedAttributes = ["join-url"];

  #media = null;
  #join = null;
  #player = null;
  #session = null;
  #overlay = null;
  #connected = false;
  #notice = null;
  #reporter = null;
  #lost = false;
  #reported = null;

  constructor() {
    super();
    this.attachShadow({ mode: "open" });
  }

  connectedCallback() {
    this.#overlay ??= new Overlay(this.shadowRoot, {
      texts: textsFor(this),
      pressed: () => this.#player?.allow(),
      again: () => {
        if (this.media?.error) this.media.load?.();
        this.connect();
      },
    });
    for (const type of Object.keys(REQUESTS)) this.addEventListener(type, this.#onRequest, true);
    globalThis.addEventListener("online", this.#hurry);
    document.addEventListener("visibilitychange", this.#hurry);
    // The children of an element that the parser has just opened are not there yet.
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", () => this.connect(), { once: true });
    else queueMicrotask(() => this.connect());
  }

  disconnectedCallback() {
    for (const type of Object.keys(REQUESTS)) this.removeEventListener(type, this.#onRequest, true);
    globalThis.removeEventListener("online", this.#hurry);
    document.removeEventListener("visibilitychange", this.#hurry);
    this.disconnect();
  }

  attributeChangedCallback(_name, before, after) {
    if (this.#connected && before !== after) this.connect();
  }

  /** The player: the first <video> or <audio> inside, unless another HTMLMediaElement or an adapter was set. */
  get media() {
    return this.#media ?? this.querySelector("video, audio");
  }

  set media(media) {
    this.#media = media;
    if (this.#overlay) this.connect();
  }

  /** `async () => ({ticket, socket_url})`, for pages that get tickets in their own way; else `join-url` is asked. */
  set join(join) {
    this.#join = join;
    if (this.#overlay) this.connect();
  }

  /** The room as known here (room, you, limits, playback, members, messages), or null. */
  get room() {
    return this.#session?.state ?? null;
  }

  /** Where the film is for everyone, ms, or null before the room is known. */
  get positionMs() {
    const { room } = this;
    return room ? positionAt(room.playback, this.#session.now(), room.room?.film?.duration_ms) : null;
  }

  /** The player's position minus the room's, ms, or null while it does not run. */
  get skewMs() {
    return this.#player?.skewMs ?? null;
  }

  get mayControl() {
    return mayControl(this.room);
  }

  connect() {
    this.disconnect();
    const join = this.#join ?? (this.getAttribute("join-url") ? joinBy(this.getAttribute("join-url")) : null);
    if (!this.isConnected || !join) return;
    this.#connected = true;
    this.#overlay.resume();
    const session = new Session({
      join,
      heard: {
        status: this.#onStatus,
        room: this.#onRoom,
        event: this.#onEvent,
        playback: () => this.#follow(),
        refused: (error) => this.#tell("mt-error", { code: error.code, message: error.message, command: null }),
      },
    });
    this.#session = session;
    if (this.media) {
      this.#player = new Player(this.media, {
        now: session.now,
        heard: {
          wish: (type, value) => this.#wish(type, value),
          status: this.#onPlayer,
          ready: () => this.#reportReady(),
          buffering: (buffering) => session.report({ buffering, position_ms: this.#mediaMs() }),
        },
      });
    }
    session.start();
    this.#reporter = setInterval(this.#report, REPORT_EVERY_MS);
  }

  disconnect() {
    this.#connected = false;
    clearInterval(this.#reporter);
    clearTimeout(this.#notice);
    this.#player?.detach();
    this.#player = null;
    this.#session?.stop();
    this.#session = null;
    this.#lost = false;
  }

  play() {
    return this.#command("play");
  }

  pause() {
    return this.#command("pause");
  }

  seek(positionMs) {
    return this.#command("seek", { position_ms: Math.max(0, Math.round(positionMs)) });
  }

  setRate(rate) {
    return this.#command("set_rate", { rate });
  }

  /** Says something to everyone; give the `id` of an earlier try to repeat that try. Settles once the room has it. */
  say(text, { id } = {}) {
    if (!this.#session) return Promise.reject(new Refusal({ code: "closed" }));
    return this.#session.command("say", { text }, id);
  }

  // -- wishes -----------------------------------------------------------------------------------------------------

  #onRequest = (event) => {
    if (!this.#player) return;
    event.stopImmediatePropagation();
    const [type, read] = REQUESTS[event.type];
    if (!this.mayControl) return this.#refuse(new Refusal({ code: "forbidden" }), type);
    this.#player.wish(type, read?.(event.detail));
  };

  #wish(type, value) {
    const asked = {
      play: () => this.play(),
      pause: () => this.pause(),
      seek: () => this.seek(value),
      set_rate: () => this.setRate(value),
    }[type]();
    const answered = () => this.#player?.answered();
    asked.then(answered, (refusal) => {
      if (refusal.code === "superseded") return; // a newer wish of the same kind is under way
      answered();
      this.#refuse(refusal, type);
    });
  }

  #command(type, fields) {
    if (!this.#session) return Promise.reject(new Refusal({ code: "closed" }));
    if (this.room && !this.mayControl) return Promise.reject(new Refusal({ code: "forbidden" }));
    return this.#session.command(type, fields);
  }

  #refuse(refusal, command) {
    const texts = textsFor(this);
    this.#overlay.tell(texts[`refused_${refusal.code}`] ?? texts.refused_other);
    this.#tell("mt-error", { code: refusal.code, message: refusal.message, command });
  }

  // -- the room ---------------------------------------------------------------------------------------------------

  #onStatus = (name, detail) => {
    const texts = textsFor(this);
    if (name === "live") {
      this.#overlay.tell(this.#lost ? texts.back : null);
      this.#lost = false;
      this.#reported = null;
      this.#reportReady();
    } else if (name === "closed" || name === "stopped") {
      this.#player?.detach();
      if (this.media && !this.media.paused) this.media.pause();
      this.#overlay.finish(detail.reason, { mayTryAgain: CURABLE.has(detail.reason) });
    } else if (this.room) {
      this.#lost = true;
      this.#overlay.tell(texts.reconnecting, { busy: true });
    } else {
      this.#overlay.tell(texts.connecting, { busy: true });
    }
    this.#tell("mt-status", { status: name, reason: detail.reason ?? null });
    if (name === "closed") this.#tell("mt-closed", { reason: detail.reason });
  };

  #onRoom = (state) => {
    this.#tell("mt-room", state);
    this.#tell("mt-members", { members: state.members, you: state.you });
    this.#tellState();
  };

  #onEvent = (event, state) => {
    this.#tell("mt-event", event);
    if (event.type === "said") this.#tell("mt-message", event.message);
    if (event.type.startsWith("member_")) this.#tell("mt-members", { members: state.members, you: state.you });
    if (event.playback) this.#tellState();
  };

  #follow() {
    const { room } = this;
    this.#player?.follow(room.playback, room.room?.film?.duration_ms);
  }

  #tellState() {
    const { playback } = this.room;
    const running = isRunning(playback, this.#session.now(), this.room.room?.film?.duration_ms);
    this.#tell("mt-state", { playback, positionMs: this.positionMs, running, mayControl: this.mayControl });
  }

  #hurry = () => {
    if (!document.hidden) this.#session?.hurry();
  };

  // -- the player -------------------------------------------------------------------------------------------------

  #onPlayer = (status) => {
    const texts = textsFor(this);
    clearTimeout(this.#notice);
    this.#overlay.offer(status === "blocked" ? "start" : status === "muted" ? "sound" : null);
    if (status === "failed") this.#overlay.finish("failed", { mayTryAgain: true });
    if (!this.#session?.live) return;
    if (status === "stalled" || status === "starting" || status === "loading") {
      const text = status === "starting" ? texts.starting : texts.stalled;
      this.#notice = setTimeout(() => this.#overlay.tell(text, { busy: true }), QUIET_MS);
    } else {
      this.#overlay.tell(null);
    }
  };

  #mediaMs() {
    return Math.max(0, Math.round((this.media?.currentTime ?? 0) * 1000));
  }

  #reportReady() {
    if (!this.#session?.live || this.#reported === "ready" || !this.#player?.ready) return;
    if (this.#session.report({ ready: true })) this.#reported = "ready";
  }

  #report = () => {
    const { skewMs } = this;
    if (skewMs !== null) this.#session?.report({ skew_ms: Math.round(skewMs * 10) / 10, position_ms: this.#mediaMs() });
  };

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}

if (!customElements.get("movie-together")) customElements.define("movie-together", MovieTogether);

/**
 * <movie-together join-url="…"> binds the player inside it (or `element.media = adapter`) to a room. See docs/embedding.md.
 *
 * Events (bubbling, composed): mt-status, mt-room, mt-state, mt-members, mt-message, mt-event, mt-signal, mt-error, mt-closed.
 */
import { Asking } from "./ui/room-element.js";
import { Overlay } from "./ui/overlay.js";
import { Player } from "./core/player.js";
import { Reports, keepWaits, keptWaits } from "./core/reports.js";
import { mayControl } from "./core/permissions.js";
import { Session } from "./core/session.js";
import { joinBy } from "./core/socket.js";
import { textsFor } from "./ui/translations.js";
import { Refusal } from "./core/commands.js";
import { isRunning, positionAt } from "./core/timeline.js";
import { refusalWords } from "./ui/phrases.js";

/** What media-chrome's controls ask of their controller; heard here first, so that the room is asked instead. */
const REQUESTS = {
  mediaplayrequest: ["play"],
  mediapauserequest: ["pause"],
  mediaseekrequest: ["seek", (seconds) => seconds * 1000],
  mediaplaybackraterequest: ["set_rate", (rate) => rate],
};

/** Getting in step takes this long without a word; longer is worth telling. */
const QUIET_MS = 900;

/** Reasons that trying again may cure. */
const CURABLE = new Set(["room_full", "room_locked", "kicked"]);

const STEERING = new Set(["play", "pause", "seek", "set_rate"]);

/** Events after which somebody may do more or less than before, or is shown otherwise. */
const ABOUT_PEOPLE = new Set(["member_joined", "member_changed", "member_left", "role_set", "muted", "host_changed", "settings_changed"]);

export class MovieTogether extends Asking {
  static observedAttributes = ["join-url"];

  #media = null;
  #join = null;
  #player = null;
  #session = null;
  #overlay = null;
  #connected = false;
  #notice = null;
  #reports = null;
  #lost = false;
  #ended = null;

  constructor() {
    super();
    this.attachShadow({ mode: "open" });
  }

  connectedCallback() {
    this.#overlay ??= new Overlay(this.shadowRoot, {
      texts: textsFor(this),
      nowMs: () => this.serverMs,
      pressed: () => this.#player?.allow(),
      goOn: () => this.play().catch(() => {}),
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

  /** The room as known here (replica.js), or null. */
  get room() {
    return this.#session?.state ?? null;
  }

  get live() {
    return this.#session?.live ?? false;
  }

  /** The server's time, ms: what all moments of the room are told in. */
  get serverMs() {
    return this.#session?.now() ?? Date.now();
  }

  /** For how long this viewer may not write yet, ms. */
  get mutedForMs() {
    const { room } = this;
    const untilMs = room?.members.find(({ id }) => id === room.you?.id)?.muted_until_ms ?? 0;
    return Math.max(0, untilMs - this.serverMs);
  }

  /** Whether the room should wait when this player runs dry; the browser remembers it. */
  get waits() {
    return keptWaits();
  }

  set waits(waits) {
    keepWaits(waits);
    if (this.#reports) this.#reports.waits = waits;
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
    this.#ended = null;
    this.#overlay.resume();
    const session = new Session({
      join,
      heard: {
        status: this.#onStatus,
        room: this.#onRoom,
        event: this.#onEvent,
        signal: this.#onSignal,
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
          ready: () => this.#reports?.ready(),
        },
      });
      this.#reports = new Reports({ session, player: this.#player, positionMs: () => this.#mediaMs(), waits: this.waits });
    }
    session.start();
  }

  disconnect() {
    this.#connected = false;
    clearTimeout(this.#notice);
    this.#reports?.stop();
    this.#reports = null;
    this.#overlay?.explain(null);
    this.#player?.detach();
    this.#player = null;
    this.#session?.stop();
    this.#session = null;
    this.#lost = false;
  }

  /** Floats an emoji over everyone's film, if there is a connection just now. */
  react(emoji) {
    this.#session?.signal("react", { emoji });
  }

  /** Tells the others that this viewer is writing. */
  typing() {
    this.#session?.signal("typing");
  }

  ask(type, fields = {}, { id, quiet = false } = {}) {
    const asked = this.#command(type, fields, id);
    if (!quiet) asked.catch((refusal) => refusal.code !== "superseded" && this.#refuse(refusal, type));
    return asked;
  }

  #command(type, fields, id) {
    if (!this.#session || this.#ended) return Promise.reject(new Refusal({ code: this.#ended ?? "closed" }));
    if (STEERING.has(type) && this.room && !this.mayControl) return Promise.reject(new Refusal({ code: "forbidden" }));
    return this.#session.command(type, fields, id);
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
    // After a newer wish of the same kind that one's answer counts.
    asked.then(answered, (refusal) => refusal.code !== "superseded" && answered());
  }

  #refuse(refusal, command) {
    this.#overlay.tell(refusalWords(refusal, textsFor(this), STEERING.has(command) ? this.room : null));
    this.#tell("mt-error", { code: refusal.code, message: refusal.message, retryAfterMs: refusal.retryAfterMs, command });
  }

  // -- the room ---------------------------------------------------------------------------------------------------

  #onStatus = (name, detail) => {
    const texts = textsFor(this);
    if (name === "live") {
      this.#overlay.tell(this.#lost ? texts.back : null);
      this.#lost = false;
      this.#reports?.live();
    } else if (name === "closed" || name === "stopped") {
      this.#ended = detail.reason;
      this.#reports?.stop();
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
    this.#overlay.explain(state);
    this.#tell("mt-room", state);
    this.#tell("mt-members", { members: state.members, you: state.you });
    this.#tellState();
  };

  #onEvent = (event, state) => {
    this.#overlay.explain(state);
    this.#tell("mt-event", event);
    if (event.type === "said") this.#tell("mt-message", event.message);
    if (ABOUT_PEOPLE.has(event.type)) this.#tell("mt-members", { members: state.members, you: state.you });
    if (event.playback || ABOUT_PEOPLE.has(event.type)) this.#tellState();
  };

  #onSignal = (signal) => {
    if (signal.type === "reacted") this.#overlay.float(signal.emoji, this.room.names[signal.by] ?? textsFor(this).someone);
    this.#tell("mt-signal", signal);
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

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}

if (!customElements.get("movie-together")) customElements.define("movie-together", MovieTogether);

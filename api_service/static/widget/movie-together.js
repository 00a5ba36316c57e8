/**
 * <movie-together code="…"> binds the player inside it (or `element.media = adapter`) to a room. See docs/embedding.md.
 *
 * Events (bubbling, composed): mt-status, mt-room, mt-state, mt-members, mt-message, mt-event, mt-signal, mt-aside, mt-film, mt-error, mt-closed,
 * mt-blocked.
 */
import { Aside } from "./core/aside.js";
import { openedMs } from "./core/broadcast.js";
import { PLAYBACK_COMMANDS, Refusal } from "./core/commands.js";
import { mayControl } from "./core/permissions.js";
import { Player } from "./core/player.js";
import { Reports, loadWaits, saveWaits } from "./core/reports.js";
import { Session } from "./core/session.js";
import { Spoilers, loadHoldsSpoilers, saveHoldsSpoilers } from "./core/spoilers.js";
import { inForceAt, isRunning, lengthOf, positionAt } from "./core/timeline.js";
import { ControlRequests } from "./ui/control-requests.js";
import { joinOf } from "./ui/joining.js";
import { MediaKeys } from "./ui/media-keys.js";
import { Notices } from "./ui/notices.js";
import { Overlay } from "./ui/overlay.js";
import { RoomElement } from "./ui/room-element.js";
import { textsFor } from "./ui/translations.js";
import { ViewerActs } from "./ui/viewer-acts.js";

export { JoinError } from "./core/socket.js";
export { attachSource } from "./sources.js";
export { Refusal };

/** The API of the site that serves this module: the sources are as deep in it as the bundle. */
const API = new URL("../../api/v1", import.meta.url).href;

/** How far behind its live edge a broadcast is, is shown anew this often. */
const LIVE_EVERY_MS = 1_000;

/** Events that change what somebody may do, or how they are shown. */
const MEMBER_EVENTS = new Set(["member_joined", "member_changed", "member_left", "role_set", "muted", "host_changed", "settings_changed",
  "stepped_aside", "came_back", "film_changed"]);

/** Signals that nobody gets of people whom they have blocked. */
const OF_PEOPLE = new Set(["reacted", "typing"]);

export class MovieTogether extends RoomElement {
  static observedAttributes = ["code", "api", "join-url", "second-screen"];

  #media = null;
  #join = null;
  #token = null;
  #expected = [];
  #blocked = new Set();
  #known = null; // {roomId, filmId}: the film of which the page was told last
  #changed = false;
  #player = null;
  #aside = null;
  #rateTimer = null;
  #liveTimer = null;
  #session = null;
  #reports = null;
  #spoilers = new Spoilers();
  #overlay = null;
  #notices = null;
  #acts = new ViewerActs();
  #controls = new ControlRequests(this, {
    takes: () => (this.#player !== null && this.asideReason !== "ad") || this.secondScreen,
    onCommand: (type, value) => this.#control(type, value),
  });
  #mediaKeys = new MediaKeys((type, value) => this.#control(type, value), () => this.media);
  #endReason = null;

  constructor() {
    super();
    this.attachShadow({ mode: "open" });
    // What a page has set before this module ran stands in the way of the accessors.
    for (const name of ["media", "token", "join", "secondScreen", "expected", "blocked"]) {
      if (!Object.hasOwn(this, name)) continue;
      const value = this[name];
      delete this[name];
      this[name] = value;
    }
  }

  connectedCallback() {
    if (!this.#overlay) this.#build();
    this.#controls.take();
    this.#acts.start();
    globalThis.addEventListener("online", this.#onOnline);
    globalThis.addEventListener("offline", this.#onOffline);
    document.addEventListener("visibilitychange", this.#onVisibilityChange);
    // The children of an element that the parser has just opened are not there yet.
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", () => this.#connectSoon(), { once: true });
    else this.#connectSoon();
  }

  disconnectedCallback() {
    this.#controls.release();
    this.#acts.stop();
    globalThis.removeEventListener("online", this.#onOnline);
    globalThis.removeEventListener("offline", this.#onOffline);
    document.removeEventListener("visibilitychange", this.#onVisibilityChange);
    this.disconnect();
  }

  attributeChangedCallback(_name, before, after) {
    if (before !== after) this.#connectSoon();
  }

  /** Enter the room once for all that is set in one go. */
  #connectSoon() {
    if (this.#changed || !this.#overlay || document.readyState === "loading") return;
    this.#changed = true;
    queueMicrotask(() => {
      if (this.#changed) this.connect();
    });
  }

  /** The player: the first <video> or <audio> inside, unless another HTMLMediaElement or an adapter was set. @type {EventTarget | null} */
  get media() {
    return this.#media ?? this.querySelector("video, audio");
  }

  set media(media) {
    this.#media = media;
    this.#connectSoon();
  }

  /**
   * Returns a promise of the person's access token, for pages of other origins; asked at each entry, with `{refused: true}` once more if the
   * API did not accept the last one. Setting it enters the room.
   * @type {((options: {refused: boolean}) => Promise<string>) | null}
   */
  get token() {
    return this.#token;
  }

  set token(token) {
    this.#token = token;
    this.#connectSoon();
  }

  /**
   * Returns a promise of a join ticket, for pages that get it in their own way; without it the element asks the API. Setting it enters the room.
   * @type {(() => Promise<{ticket: string, socket_url: string}>) | null}
   */
  get join() {
    return this.#join;
  }

  set join(join) {
    this.#join = join;
    this.#connectSoon();
  }

  /** Whether this device is beside the person's player and has none itself: chat, people, the film's controls. Setting it enters anew. */
  get secondScreen() {
    return this.hasAttribute("second-screen");
  }

  set secondScreen(secondScreen) {
    this.toggleAttribute("second-screen", secondScreen);
  }

  /**
   * The people who are invited, [{id, name, answer}], whom the page knows of: a lobby and the list of people name those who are not here yet;
   * `answer` is "accepted" of those who have said that they come.
   * @type {{id: string, name: string, answer?: string | null}[]}
   */
  get expected() {
    return this.#expected;
  }

  set expected(people) {
    this.#expected = people;
    this.#overlay?.expect(people);
    const { room } = this;
    if (room) this.#emit("mt-members", { members: room.members, you: room.you });
  }

  /** The ids of the people whom this viewer has blocked, whom the page knows of: what they write and their reactions are hidden here. @type {string[]} */
  get blocked() {
    return [...this.#blocked];
  }

  set blocked(ids) {
    this.#blocked = new Set(ids);
    this.#emit("mt-blocked", { blocked: this.blocked });
  }

  /** Return whether this viewer has blocked a person. @param {string} id */
  hasBlocked(id) {
    return this.#blocked.has(id);
  }

  /** Why this viewer is out of the room for good, as `mt-status` tells it ("kicked", "room_full", …); null otherwise. @returns {string | null} */
  get endReason() {
    return this.#endReason;
  }

  /** The replica of the room (core/replica.js), or null. @returns {Record<string, any> | null} */
  get room() {
    return this.#session?.state ?? null;
  }

  /** Whether the connection is live. @returns {boolean} */
  get live() {
    return this.#session?.live ?? false;
  }

  /** The server's time, ms, in which all times of the room are given. @returns {number} */
  get serverMs() {
    return this.#session?.now() ?? Date.now();
  }

  /** How long this viewer is still muted, ms. */
  get mutedForMs() {
    const { room } = this;
    const untilMs = room?.members.find(({ id }) => id === room.you?.id)?.muted_until_ms ?? 0;
    return Math.max(0, untilMs - this.serverMs);
  }

  /** Whether the room should wait while this player buffers; the browser remembers it. */
  get waits() {
    return loadWaits();
  }

  set waits(waits) {
    saveWaits(waits);
    if (this.#reports) this.#reports.waits = waits;
  }

  /** Whether messages about what this viewer has not seen yet are held back; the browser remembers it. */
  get holdsSpoilers() {
    return loadHoldsSpoilers();
  }

  set holdsSpoilers(holds) {
    saveHoldsSpoilers(holds);
  }

  /** From which place of the film on messages are held back, ms; Infinity where none is. */
  get spoilersFromMs() {
    const isOwn = this.#player?.ready && this.asideReason !== "ad"; // what the cinema shows there is no place of the film
    return this.#spoilers?.fromMs(isOwn ? this.#player.positionMs : null, this.positionMs) ?? Infinity;
  }

  /** The film's position for everyone, ms, or null before the room is known. */
  get positionMs() {
    const { room } = this;
    return room ? positionAt(room.playback, this.#session.now(), lengthOf(room.playback, room.room?.film)) : null;
  }

  /** The player's position minus the room's, ms, or null while it does not run. @returns {number | null} */
  get skewMs() {
    return this.asideReason === null ? this.#player?.skewMs ?? null : null;
  }

  get ownWay() {
    return this.#aside;
  }

  /** At a broadcast {dated, edgeMs, behindMs} (core/player.js), else null. @returns {{dated: boolean, edgeMs: number, behindMs: number} | null} */
  get broadcast() {
    return this.#player?.broadcast ?? null;
  }

  /** Whether this viewer may move the film. */
  get mayControl() {
    return mayControl(this.room);
  }

  /** Enter the room, or enter it anew. */
  connect() {
    this.disconnect();
    const join = this.#join ?? joinOf(this, { api: API, token: this.#token });
    if (!this.isConnected || !join) return;
    this.#endReason = null;
    this.#overlay.removeEndScreen();
    const session = new Session({
      join,
      secondScreen: this.secondScreen,
      on: {
        status: this.#onStatus,
        room: this.#onRoom,
        event: this.#onEvent,
        signal: this.#onSignal,
        playback: () => this.#follow(),
        refused: (error) => this.#emit("mt-error", { code: error.code, message: error.message, command: null }),
      },
    });
    this.#session = session;
    this.#spoilers = new Spoilers();
    if (this.media && !this.secondScreen) {
      this.#player = new Player(this.media, {
        now: session.now,
        hidden: () => document.hidden,
        lastActMs: this.#acts.lastMs,
        on: {
          command: (type, value) => this.#onPlayerCommand(type, value),
          status: (status) => this.#notices.player(status, { live: session.live }),
          ready: () => this.#onPlayerReady(),
        },
      });
      this.#aside = new Aside({
        player: this.#player,
        now: session.now,
        on: { tell: (type, fields) => this.ask(type, fields, { quiet: true }).catch(() => {}), changed: this.#onAside },
      });
      this.#reports = new Reports({
        session, player: this.#player, positionMs: () => this.#mediaMs(), waits: this.waits, aside: () => this.asideReason !== null,
      });
      if (document.hidden) this.#reports.visible = false;
      this.#liveTimer = setInterval(this.#followLive, LIVE_EVERY_MS);
      this.#mediaKeys.take();
    }
    session.start();
  }

  /** Leave the room. */
  disconnect() {
    this.#changed = false;
    this.#reports?.stop();
    this.#reports = null;
    this.#notices?.clear();
    this.#mediaKeys.release();
    this.#aside?.stop();
    this.#aside = null;
    this.#player?.detach();
    this.#player = null;
    clearTimeout(this.#rateTimer);
    clearInterval(this.#liveTimer);
    this.#session?.stop();
    this.#session = null;
  }

  /** Show an emoji over everyone's film, if the connection is live. @param {string} emoji */
  react(emoji) {
    this.#session?.signal("react", { emoji });
  }

  /** Tell the others that this viewer is typing. */
  typing() {
    this.#session?.signal("typing");
  }

  /**
   * @param {string} type
   * @param {Record<string, unknown>} [fields]
   * @param {{id?: string, quiet?: boolean}} [options]
   * @returns {Promise<any>}
   */
  ask(type, fields = {}, { id, quiet = false } = {}) {
    const answered = this.#send(type, fields, id);
    if (!quiet) answered.catch((refusal) => refusal.code !== "superseded" && this.#refuse(refusal, type));
    return answered;
  }

  #send(type, fields, id) {
    if (!this.#session || this.#endReason) return Promise.reject(new Refusal({ code: this.#endReason ?? "closed" }));
    if (PLAYBACK_COMMANDS.has(type) && this.room && !this.mayControl) return Promise.reject(new Refusal({ code: "forbidden" }));
    return this.#session.command(type, fields, id);
  }

  #build() {
    const texts = textsFor(this);
    this.#overlay = new Overlay(this.shadowRoot, {
      texts,
      nowMs: () => this.serverMs,
      poster: () => this.media?.poster ?? "",
      on: {
        press: () => this.#player?.allow(),
        goOn: () => this.play().catch(() => {}),
        toEdge: () => this.toLive().catch(() => {}),
        tryAgain: () => (this.#player?.failed ? this.#player.reload() : this.connect()),
        reload: () => this.#player?.reload(),
        start: () => this.play().catch(() => {}),
        comeBack: (options) => this.comeBack(options),
      },
    });
    this.#overlay.expect(this.#expected);
    this.#notices = new Notices(this.#overlay, texts);
  }

  // -- the viewer's commands --------------------------------------------------------------------------------------

  #control(type, value) {
    if (!this.mayControl && this.asideReason === null) return this.#refuse(new Refusal({ code: "forbidden" }), type);
    return this.secondScreen ? this.#onPlayerCommand(type, value) : this.#player?.command(type, value);
  }

  #onPlayerCommand(type, value) {
    if (this.#aside?.command(type, value)) return;
    if (type === "play" && this.#overlay.pressStart()) return void this.#player?.commandAnswered();
    const answered = {
      play: () => this.play(),
      pause: () => this.ask("pause", this.#player ? { position_ms: this.#mediaMs() } : {}),
      seek: () => this.seek(value),
      set_rate: () => this.setRate(value),
    }[type]();
    const settle = () => this.#player?.commandAnswered();
    // A command that was superseded by a newer one settles with the newer one's answer.
    answered.then(settle, (refusal) => refusal.code !== "superseded" && settle());
  }

  /**
   * Take everyone to the live edge of a broadcast.
   * @returns {Promise<any>}
   */
  toLive() {
    const { broadcast } = this;
    return broadcast ? this.seek(broadcast.edgeMs) : Promise.reject(new Refusal({ code: "not_live" }));
  }

  #refuse(refusal, command) {
    this.#notices.refusal(refusal, PLAYBACK_COMMANDS.has(command) ? this.room : null);
    this.#emit("mt-error", { code: refusal.code, message: refusal.message, retryAfterMs: refusal.retryAfterMs, command });
  }

  // -- the room ---------------------------------------------------------------------------------------------------

  #onStatus = (name, detail) => {
    if (name === "live") {
      this.#reports?.connected();
    } else if (name === "closed" || name === "stopped") {
      this.#endReason = detail.reason;
      this.#reports?.stop();
      this.#player?.detach();
      if (this.#player && !this.media.paused) this.media.pause();
    }
    this.#notices.connection(name, detail, { entered: this.room !== null });
    this.#emit("mt-status", { status: name, reason: detail.reason ?? null, message: detail.error?.message ?? null });
    if (name === "closed") this.#emit("mt-closed", { reason: detail.reason });
  };

  #onAside = () => {
    this.#showAside();
    this.#emit("mt-aside", { reason: this.asideReason, catchingUp: this.#aside?.catchingUp ?? false });
    this.#reports?.playerReady();
  };

  /** Show that this viewer is aside: here, or by another device of theirs. */
  #showAside() {
    const { room } = this;
    const known = room?.members.find(({ id }) => id === room.you?.id)?.aside ?? null;
    const reason = this.asideReason ?? known?.reason ?? null;
    this.#overlay.showAside(reason && { reason, catchingUp: this.#aside?.catchingUp ?? false });
    return known;
  }

  #onRoom = (state) => {
    const { id: roomId, film } = state.room;
    const previousId = this.#known?.roomId === roomId ? this.#known.filmId : this.getAttribute("film");
    this.#known = { roomId, filmId: film.id };
    // It was changed while this viewer was not connected, or between the page's loading and its coming in.
    if (previousId && previousId !== film.id) this.#onFilm({ film, previous_film_id: previousId });
    this.#aside?.settle(this.#showAside());
    this.#overlay.showStandstill(state);
    this.#emit("mt-room", state);
    this.#emit("mt-members", { members: state.members, you: state.you });
    this.#emitState();
  };

  #onEvent = (event, state) => {
    this.#overlay.showStandstill(state);
    this.#emit("mt-event", event);
    if (event.type === "film_changed") this.#onFilm(event);
    if (event.type === "length_changed") this.#notices.filmDiffers(null); // the server tells again whose film differs
    if (event.type === "stepped_aside" || event.type === "came_back") {
      const known = this.#showAside();
      if (event.member_id === state.you?.id) this.#aside?.heard(known);
    }
    if (event.type === "said") this.#emit("mt-message", event.message);
    if (MEMBER_EVENTS.has(event.type)) this.#emit("mt-members", { members: state.members, you: state.you });
    if (event.playback || MEMBER_EVENTS.has(event.type)) this.#emitState();
  };

  /** The page loads the film, after which the player reports itself ready. */
  #onFilm({ film, previous_film_id: previousId }) {
    this.#known = { roomId: this.room.room.id, filmId: film.id };
    this.#reports?.filmChanged();
    this.#spoilers = null;
    this.#aside?.filmChanged();
    this.#notices.filmDiffers(null);
    this.#emit("mt-film", { film, previousId });
  }

  #onPlayerReady() {
    this.#spoilers ??= new Spoilers();
    this.#reports?.playerReady();
  }

  #onSignal = (signal) => {
    if (this.#blocked.has(signal.by) && OF_PEOPLE.has(signal.type)) return;
    if (signal.type === "reacted") this.#overlay.float(signal.emoji, this.room.names[signal.by] ?? textsFor(this).someone);
    if (signal.type === "film_differs") this.#notices.filmDiffers(signal);
    this.#emit("mt-signal", signal);
  };

  #follow() {
    const { room } = this;
    const now = this.#session.now();
    const playback = inForceAt(room.playback, now);
    clearTimeout(this.#rateTimer);
    if (playback !== room.playback) this.#rateTimer = setTimeout(() => this.#follow(), room.playback.at_ms - now);
    this.#aside?.follow(playback, lengthOf(room.playback, room.room?.film), this.#originMs);
  }

  /** The date of a broadcast's position 0, ms; null for a film, whose length the catalogue knows. */
  get #originMs() {
    const { room } = this.room;
    return (room.film?.duration_ms ?? null) === null ? openedMs(room.id) : null;
  }

  #followLive = () => {
    if (this.#endReason || this.asideReason !== null) return;
    const { broadcast, mayControl } = this;
    this.#overlay.showLive(broadcast, { mayControl });
    const { status, sought_ms: soughtMs } = this.room?.playback ?? {};
    // Nobody has chosen a place yet, and where the room has begun there is none.
    if (broadcast && this.#player.outside && status === "playing" && soughtMs === 0 && mayControl) this.toLive().catch(() => {});
  };

  #emitState() {
    const { playback } = this.room;
    const running = isRunning(playback, this.#session.now(), lengthOf(playback, this.room.room?.film));
    this.#emit("mt-state", { playback, positionMs: this.positionMs, running, mayControl: this.mayControl });
  }

  // -- the page ---------------------------------------------------------------------------------------------------

  #onOnline = () => {
    if (this.#player?.failed) this.#player.reload();
    if (!document.hidden) this.#session?.reconnectNow();
  };

  /** A lost network closes no socket: pings would notice only after a while. */
  #onOffline = () => this.#session?.lostNetwork();

  #onVisibilityChange = () => {
    if (this.#reports) this.#reports.visible = !document.hidden;
    if (document.hidden) return;
    this.#session?.reconnectNow();
    this.#player?.pageVisible();
  };

  #mediaMs() {
    return Math.max(0, Math.round(this.#player?.positionMs ?? 0));
  }

  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}

if (!customElements.get("movie-together")) customElements.define("movie-together", MovieTogether);

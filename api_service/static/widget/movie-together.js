/**
 * <movie-together code="…"> binds the player inside it (or `element.media = adapter`) to a room. See docs/embedding.md.
 *
 * Events (bubbling, composed): mt-status, mt-room, mt-state, mt-members, mt-message, mt-event, mt-signal, mt-aside, mt-film, mt-error, mt-closed,
 * mt-blocked.
 */
import { PLAYBACK_COMMANDS, Refusal } from "./core/commands.js";
import { loadWaits, saveWaits } from "./core/reports.js";
import { loadHoldsSpoilers, saveHoldsSpoilers } from "./core/spoilers.js";
import { emit } from "./ui/emit.js";
import { joinOf } from "./ui/joining.js";
import { Notices } from "./ui/notices.js";
import { Overlay } from "./ui/overlay.js";
import { RoomElement } from "./ui/room-element.js";
import { textsFor } from "./ui/translations.js";
import { ViewerActs } from "./ui/viewer-acts.js";
import { Visit } from "./ui/visit.js";

export { JoinError } from "./core/socket.js";
export { attachSource } from "./sources.js";
export { Refusal };

/** The API of the site that serves this module: the sources are as deep in it as the bundle. */
const API = new URL("../../api/v1", import.meta.url).href;

export class MovieTogether extends RoomElement {
  static observedAttributes = ["code", "api", "join-url", "second-screen"];

  #media = null;
  #join = null;
  #token = null;
  #expected = [];
  #blocked = new Set();
  #acts = new ViewerActs();
  #overlay = null;
  #notices = null;
  #changed = false;
  #visit = null; // from connect() to disconnect()
  #last = null; // that one, or else the one before: it knows why it ended, and which film the page has

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
    this.#acts.start();
    // The children of an element that the parser has just opened are not there yet.
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", () => this.#connectSoon(), { once: true });
    else this.#connectSoon();
  }

  disconnectedCallback() {
    this.#acts.stop();
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
    if (room) emit(this, "mt-members", { members: room.members, you: room.you });
  }

  /** The ids of the people whom this viewer has blocked, whom the page knows of: what they write and their reactions are hidden here. @type {string[]} */
  get blocked() {
    return [...this.#blocked];
  }

  set blocked(ids) {
    this.#blocked = new Set(ids);
    emit(this, "mt-blocked", { blocked: this.blocked });
  }

  /** Return whether this viewer has blocked a person. @param {string} id */
  hasBlocked(id) {
    return this.#blocked.has(id);
  }

  /** Why this viewer is out of the room for good, as `mt-status` tells it ("kicked", "room_full", …); null otherwise. @returns {string | null} */
  get endReason() {
    return this.#last?.endReason ?? null;
  }

  /** Whether the room should wait while this player buffers; the browser remembers it. */
  get waits() {
    return loadWaits();
  }

  set waits(waits) {
    saveWaits(waits);
    if (this.#visit?.viewing) this.#visit.viewing.reports.waits = waits;
  }

  /** Whether messages about what this viewer has not seen yet are held back; the browser remembers it. */
  get holdsSpoilers() {
    return loadHoldsSpoilers();
  }

  set holdsSpoilers(holds) {
    saveHoldsSpoilers(holds);
  }

  /** @protected */
  get visit() {
    return this.#visit;
  }

  /** Enter the room, or enter it anew. */
  connect() {
    this.disconnect();
    const join = this.#join ?? joinOf(this, { api: API, token: this.#token });
    if (!this.isConnected || !join) return;
    this.#overlay.removeEndScreen();
    this.#visit = this.#last = new Visit(this, {
      join,
      overlay: this.#overlay,
      notices: this.#notices,
      lastActMs: this.#acts.lastMs,
      refuse: (refusal, command) => this.#refuse(refusal, command),
      known: this.#last?.known,
    });
    this.#visit.start();
  }

  /** Leave the room. */
  disconnect() {
    this.#changed = false;
    this.#visit?.stop();
    this.#visit = null;
  }

  /**
   * @param {string} type
   * @param {Record<string, unknown>} [fields]
   * @param {{id?: string, quiet?: boolean}} [options]
   * @returns {Promise<any>}
   */
  ask(type, fields = {}, { id, quiet = false } = {}) {
    const answered = this.#visit?.ask(type, fields, id) ?? Promise.reject(new Refusal({ code: this.endReason ?? "closed" }));
    if (!quiet) answered.catch((refusal) => refusal.code !== "superseded" && this.#refuse(refusal, type));
    return answered;
  }

  #refuse(refusal, command) {
    this.#notices.refusal(refusal, PLAYBACK_COMMANDS.has(command) ? this.room : null);
    emit(this, "mt-error", { code: refusal.code, message: refusal.message, retryAfterMs: refusal.retryAfterMs, command });
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

  get #player() {
    return this.#visit?.viewing?.player ?? null;
  }
}

if (!customElements.get("movie-together")) customElements.define("movie-together", MovieTogether);

/** The layer over the picture: status line, standstill banner, the button that a refused autoplay needs, reactions, end screen. */
import { ASIDE_CSS, AsideBar } from "./aside-bar.js";
import { BANNER_CSS, Banner } from "./banner.js";
import { FLOATING_CSS, Floating } from "./floating.js";
import { LIVE_CSS, LiveBadge } from "./live-badge.js";
import { LOBBY_CSS, Lobby } from "./lobby.js";
import { adoptStyles, make } from "./look.js";

const CSS = `
  :host { display: block; position: relative; }
  .over { container: film / size; position: absolute; inset: 0; pointer-events: none; display: grid; z-index: 2; color-scheme: dark; }
  .top { position: absolute; inset-block-start: var(--mt-top, .75rem); inset-inline: 0; display: grid; gap: .4rem; justify-items: center; }
  .pill {
    max-width: calc(100% - 1.5rem); padding: .4rem .9rem; border-radius: 999px; font-size: .875rem;
    background: rgb(8 9 13 / .82); color: #f1eee8; transition: opacity .3s; display: flex; gap: .6rem; align-items: center;
  }
  .pill:empty { display: none; }
  .pill.busy::before {
    content: ""; width: .55rem; height: .55rem; border-radius: 50%; background: var(--_accent);
    animation: breathe 1.4s ease-in-out infinite;
  }
  .note { pointer-events: auto; border-radius: .9rem; text-wrap: pretty; }
  .note button { border: 0; min-height: 2.75rem; padding: .25rem .5rem; background: none; color: inherit; font-weight: 600; white-space: nowrap; }
  @keyframes breathe { 50% { opacity: .25; } }
  @media (prefers-reduced-motion: reduce) { .pill.busy::before { animation: none; } }
  .press { pointer-events: auto; box-shadow: 0 .5rem 2rem rgb(0 0 0 / .5); }
  .press.sound { justify-self: end; margin-inline: .75rem; }
  .press.start, .press.reload { place-self: center; margin-block-end: var(--mt-bottom, 0px); min-height: 3.5rem; padding: .75rem 1.75rem; font-size: 1.125rem; }
  .end {
    pointer-events: auto; position: absolute; inset: 0; display: grid; place-content: safe center center; gap: .6rem; padding: 1rem 1.5rem; overflow: auto;
    text-align: center; background: rgb(8 9 13 / .93); color: #f1eee8;
  }
  .end h2 { margin: 0; font-size: clamp(1.15rem, 3.5vw, 1.6rem); line-height: 1.2; text-wrap: balance; }
  .end p { margin: 0; max-width: 34rem; color: #b9bdc8; text-wrap: pretty; }
  .end .primary, .end ::slotted(*) { justify-self: center; margin-top: .5rem; }
  ${ASIDE_CSS}
  ${BANNER_CSS}
  ${FLOATING_CSS}
  ${LIVE_CSS}
  ${LOBBY_CSS}
`;

/** A status that is not `busy` fades after this time. */
const STATUS_SHOWN_MS = 2_500;

export class Overlay {
  #texts;
  #on;
  #pill = make("div", { class: "pill", part: "status", role: "status" });
  #top = make("div", { class: "top" }, this.#pill);
  #over = make("div", { class: "over" }, this.#top);
  #banner;
  #floating = new Floating(this.#over);
  #live;
  #aside;
  #lobby;
  #button = null;
  #end = null;
  #fade = null;
  #note = null;
  #host;
  #cards = new Set();

  /**
   * `nowMs()` returns the server's time, `poster()` the address of the film's poster or "". `on` is {press(), reload(), tryAgain(), goOn(), toEdge(), comeBack({faster}), start()}: the buttons of a refused
   * autoplay, of a film that does not come, of the end screen, of the banner while the room waits for somebody, of a broadcast that is behind,
   * of a viewer who is aside, and of a lobby.
   */
  constructor(root, { texts, nowMs, poster, on }) {
    adoptStyles(root, CSS);
    this.#host = root.host;
    this.#texts = texts;
    this.#on = on;
    this.#banner = new Banner({ top: this.#top, centre: this.#over, texts, nowMs, onGoOn: on.goOn, onShown: (shown) => this.#tellCard("hold", shown) });
    this.#live = new LiveBadge(this.#over, { texts, onToEdge: on.toEdge });
    this.#aside = new AsideBar(this.#top, { texts, onBack: on.comeBack });
    this.#lobby = new Lobby(this.#over, { texts, nowMs, poster, onStart: on.start, onShown: (shown) => this.#tellCard("lobby", shown) });
    root.append(make("slot"), this.#over);
  }

  /** Show a status line; it stays if `busy`, else it fades. Null removes it. */
  showStatus(text, { busy = false } = {}) {
    clearTimeout(this.#fade);
    this.#pill.textContent = text ?? "";
    this.#pill.classList.toggle("busy", Boolean(text) && busy);
    if (text && !busy) this.#fade = setTimeout(() => this.showStatus(null), STATUS_SHOWN_MS);
  }

  /** Show how far behind its live edge a broadcast is (live-badge.js), or nothing (null). */
  showLive(broadcast, options) {
    this.#live.show(broadcast, options);
  }

  /** Show a note that stays until the viewer hides it; null removes it. */
  showNote(text) {
    this.#note?.remove();
    this.#note = null;
    this.#tellCard("note", Boolean(text));
    if (!text) return;
    const hide = make("button", { type: "button" }, this.#texts.hide);
    hide.addEventListener("click", () => this.showNote(null));
    this.#note = make("div", { class: "pill note", part: "note", role: "status" }, make("span", {}, text), hide);
    this.#top.append(this.#note);
  }

  /** Show why the film stands still, if it does; `room` is the replica (core/replica.js) or null. */
  showStandstill(room) {
    this.#banner.show(room);
    this.#lobby.show(room);
  }

  /** Name before the film begins those of these people, [{id, name, answer}], who are not here yet. */
  expect(people) {
    this.#lobby.expect(people);
  }

  /** Press the lobby's button; return false where there is none, or this viewer may not start the film. */
  pressStart() {
    return this.#lobby.press();
  }

  /** Show that this viewer is aside, {reason, catchingUp}, and the way back; null shows nothing. */
  showAside(aside) {
    this.#aside.show(aside);
    this.#tellCard("aside", Boolean(aside));
  }

  /** Let a reaction float over the film. */
  float(emoji, name) {
    this.#floating.show(emoji, name);
  }

  /** Show the button "start" (the film waits for a press), "sound" (it runs muted) or "reload" (it does not come), or none. */
  showButton(kind) {
    if (this.#button?.dataset.kind === kind) return;
    this.#button?.remove();
    this.#button = null;
    this.#tellCard("press", Boolean(kind));
    if (!kind) return;
    const text = { start: this.#texts.press_play, sound: this.#texts.press_sound, reload: this.#texts.press_reload }[kind];
    this.#button = make("button", { type: "button", class: `primary press ${kind}`, part: "press", "data-kind": kind }, text);
    this.#button.addEventListener("click", kind === "reload" ? this.#on.reload : this.#on.press);
    (kind === "sound" ? this.#top : this.#over).append(this.#button);
  }

  /** Show the end screen for a reason, with `said` as its text if there is one; the page may add actions to it through the slot "ended". */
  showEndScreen(reason, { retriable = false, said = null } = {}) {
    this.showStatus(null);
    this.showStandstill(null);
    this.showButton(null);
    this.showNote(null);
    this.showLive(null);
    this.showAside(null);
    this.#end?.remove();
    const texts = this.#texts;
    const title = texts[`${reason}_title`] ?? texts.stopped_title;
    const text = said ?? texts[`${reason}_text`] ?? texts.stopped_text;
    this.#end = make("div", { class: "end", part: "ended", role: "alert" }, make("h2", {}, title), make("p", { dir: said ? "auto" : null }, text));
    if (retriable) {
      const button = make("button", { type: "button", class: "primary" }, reason === "kicked" ? texts.enter_again : texts.try_again);
      button.addEventListener("click", () => this.#on.tryAgain());
      this.#end.append(button);
    }
    this.#end.append(make("slot", { name: "ended" }));
    this.#over.append(this.#end);
    this.#tellCard("end", true);
  }

  /** Remove the end screen. */
  removeEndScreen() {
    this.#end?.remove();
    this.#end = null;
    this.#tellCard("end", false);
  }

  /** Name what lies over the film in the element's attribute `card`, for a page that makes room for it. */
  #tellCard(card, shown) {
    if (shown === this.#cards.has(card)) return;
    if (shown) this.#cards.add(card);
    else this.#cards.delete(card);
    if (this.#cards.size) this.#host.setAttribute("card", [...this.#cards].join(" "));
    else this.#host.removeAttribute("card");
  }
}

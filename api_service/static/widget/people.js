/**
 * <movie-together-people for="id of the <movie-together>" bans>: the room's members, their state, and a menu of actions on each.
 * With `bans` the menu offers to ban somebody; the event `mt-ban` ({id, name}) then asks the page to call the API.
 */
import { companionOf } from "./ui/companion.js";
import { adoptStyles, make } from "./ui/look.js";
import { colourOf } from "./ui/name-colours.js";
import { MENU_CSS, MemberMenu, memberActions } from "./ui/member-menu.js";
import { PEOPLE_CSS } from "./ui/people-look.js";
import { imitatesOwner, roleOf } from "./core/permissions.js";
import { textsFor } from "./ui/translations.js";

/** A larger skew is shown to the others; a smaller one the widget removes within seconds. */
const SKEW_SHOWN_MS = 1_500;

export class MovieTogetherPeople extends HTMLElement {
  #companion = companionOf(
    this,
    {
      "mt-members": () => this.#scheduleShow(),
      "mt-signal": ({ detail }) => this.#onSignal(detail),
      "mt-status": () => this.#onStatus(),
    },
    () => this.#show(),
  );
  #texts;
  #menu = null;
  #place = make("div", {});
  #skews = new Map();
  #timer = null;
  #frame = null;

  constructor() {
    super();
    this.attachShadow({ mode: "open" });
  }

  connectedCallback() {
    if (!this.#menu) this.#build();
    this.#companion.bind();
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
    this.#companion.release();
  }

  get #room() {
    return this.#companion.together?.room ?? null;
  }

  #build() {
    this.#texts = textsFor(this);
    adoptStyles(this.shadowRoot, PEOPLE_CSS + MENU_CSS);
    this.#menu = new MemberMenu({
      texts: this.#texts,
      on: {
        choose: (action, value, id) => this.#carryOut(action, value, id),
        close: (id) => this.#onMenuClosed(id),
      },
    });
    this.shadowRoot.append(this.#place, this.#menu.node);
  }

  #onSignal({ type, by, skew_ms: skewMs }) {
    if (type !== "skew") return;
    this.#skews.set(by, skewMs);
    this.#scheduleShow();
  }

  /** Who is out of the room sees nobody, and can do nothing to anybody. */
  #onStatus() {
    if (!this.#companion.together.endReason) return;
    this.#menu.close();
    this.#show();
  }

  // -- showing ------------------------------------------------------------------------------------------------------

  /** Draw at most once a frame: many members change at once (a room of two hundred loads a film). */
  #scheduleShow() {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = null;
      this.#show();
    });
  }

  #show() {
    const { members = [], you } = this.#room ?? {};
    if (this.#companion.together?.endReason) {
      clearTimeout(this.#timer);
      this.#place.replaceChildren();
      return;
    }
    if (members.length === 0) {
      this.#place.replaceChildren(make("p", { class: "nobody" }, this.#texts.nobody));
      return;
    }
    const focused = this.shadowRoot.activeElement?.closest("[data-chip]")?.dataset.chip;
    const scrolled = this.#place.firstElementChild?.scrollLeft ?? 0;
    // This viewer first, then the others in the order of joining.
    const sorted = [...members].sort((a, b) => Number(b.id === you?.id) - Number(a.id === you?.id));
    const list = make("ul", { "aria-label": this.#texts.here, part: "people" }, ...sorted.map((member) => this.#entry(member)));
    this.#place.replaceChildren(list);
    list.scrollLeft = scrolled;
    if (focused) this.#chip(focused)?.focus();
    if (this.#menu.memberId !== null && !this.#chip(this.#menu.memberId)) this.#menu.close();
    this.#scheduleUnmute(members);
  }

  /** Draw again when the next mute ends, which no event announces. */
  #scheduleUnmute(members) {
    clearTimeout(this.#timer);
    const left = members.map((one) => (one.muted_until_ms ?? 0) - this.#nowMs).filter((ms) => ms > 0);
    if (left.length) this.#timer = setTimeout(() => this.#show(), Math.min(...left) + 100);
  }

  get #nowMs() {
    return this.#companion.together?.serverMs ?? 0;
  }

  #entry(member) {
    const state = this.#loadingState(member);
    const notes = this.#notesOf(member);
    const [initial] = member.name.trim() || "?";
    const parts = [
      make("span", { class: `face c${colourOf(member.id)}`, "aria-hidden": "true" }, initial.toUpperCase()),
      make("span", { class: "name", dir: "auto" }, member.name),
      ...notes.map((note) => make("span", { class: "note" }, note)),
      state ? make("span", { class: "visually-hidden" }, `, ${state}`) : null,
    ];
    const own = member.id === this.#room.you?.id;
    const actions = memberActions(this.#room, member, { nowMs: this.#nowMs, bans: this.hasAttribute("bans") });
    const pressable = own || actions.length > 0;
    const chip = make(pressable ? "button" : "div", {
      class: "chip", "data-chip": member.id, title: state,
      ...(pressable ? { type: "button", "aria-haspopup": "menu", "aria-expanded": String(this.#menu.memberId === member.id) } : {}),
    }, ...parts);
    if (pressable) chip.addEventListener("click", () => this.#open(member.id));
    const looks = [state && "loading", member.aside && "aside"].filter(Boolean).join(" ");
    return make("li", { class: looks, "data-member": member.id }, chip);
  }

  /** Return that a member's player is loading, for screen readers and the tooltip, or null; others see the ring pulse. */
  #loadingState(member) {
    if (member.second_screen || member.aside) return null;
    if (!member.ready) return this.#texts.not_ready;
    return member.buffering ? this.#texts.buffering : null;
  }

  #notesOf(member) {
    const room = this.#room;
    const role = roleOf(room, member.id);
    const skewMs = member.ready && !member.aside && room.playback.status === "playing" ? this.#skews.get(member.id) ?? 0 : 0;
    const seconds = Math.round(Math.abs(skewMs) / 1000);
    return [
      member.id === room.you?.id ? this.#texts.you : null,
      role === "viewer" ? null : this.#texts[role],
      room.guests?.has(member.id) && role !== "guest" ? this.#texts.guest : null,
      imitatesOwner(room, member.id) ? this.#texts.not_owner : null,
      room.room.host === member.id ? this.#texts.host : null,
      member.second_screen ? this.#texts.second_screen : null,
      member.aside ? this.#texts.aside[member.aside.reason] : null,
      member.visible === false ? this.#texts.hidden : null,
      (member.muted_until_ms ?? 0) > this.#nowMs ? this.#texts.muted_now : null,
      Math.abs(skewMs) < SKEW_SHOWN_MS ? null : skewMs < 0 ? this.#texts.behind(seconds) : this.#texts.ahead(seconds),
    ].filter(Boolean);
  }

  // -- acting -------------------------------------------------------------------------------------------------------

  #chip(id) {
    return this.shadowRoot.querySelector(`[data-chip="${CSS.escape(id)}"]`);
  }

  #open(id) {
    const member = this.#room?.members.find((one) => one.id === id);
    if (!member) return;
    const { waits, holdsSpoilers } = this.#companion.together;
    const own = id === this.#room.you?.id ? { switches: { waits, spoilers: holdsSpoilers }, aside: Boolean(member.aside) } : null;
    const actions = memberActions(this.#room, member, { nowMs: this.#nowMs, bans: this.hasAttribute("bans") });
    this.#chip(id).setAttribute("aria-expanded", "true");
    this.#menu.open(this.#chip(id), member, actions, own);
  }

  /** Return the focus to the chip; the browser would return it to a node that may have been redrawn since. */
  #onMenuClosed(id) {
    const chip = this.#chip(id);
    chip?.setAttribute("aria-expanded", "false");
    const focused = this.shadowRoot.activeElement ?? document.activeElement;
    if (focused === null || focused === document.body || this.#menu.node.contains(focused)) chip?.focus();
  }

  #carryOut(action, value, id) {
    const { together } = this.#companion;
    const name = this.#room?.names[id];
    const own = { away: () => together.stepAway(), alone: () => together.watchAlone(), rewatch: () => together.rewatch(), come_back: () => together.comeBack() };
    if (action === "waits") together.waits = value;
    else if (action === "spoilers") together.holdsSpoilers = value;
    else if (action in own) own[action]();
    else if (action === "ban") this.dispatchEvent(new CustomEvent("mt-ban", { detail: { id, name }, bubbles: true, composed: true }));
    else {
      const answered = action === "make" ? together.setRole(id, value) : action === "kick" ? together.kick(id) : together.mute(id, value);
      answered.catch(() => {}); // <movie-together> shows the refusal
    }
  }
}

if (!customElements.get("movie-together-people")) customElements.define("movie-together-people", MovieTogetherPeople);

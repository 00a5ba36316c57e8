/**
 * <movie-together-people for="id of the <movie-together>" bans>: who is in the room, how they are, and what one may do with them.
 * With `bans` the menu offers to ban somebody, and `mt-ban` ({id, name}) asks the page to have the API do it.
 */
import { companionOf } from "./ui/companion.js";
import { dress, make } from "./ui/look.js";
import { COLOURS, colourOf } from "./ui/chat-lines.js";
import { MENU_CSS, MemberMenu, actsFor } from "./ui/member-menu.js";
import { PEOPLE_CSS } from "./ui/people-look.js";
import { roleOf } from "./core/permissions.js";
import { textsFor } from "./ui/translations.js";

/** Further off than this is worth telling the others; the widget removes less by itself in no time. */
const SKEW_TOLD_MS = 1_500;

export class MovieTogetherPeople extends HTMLElement {
  #companion = companionOf(
    this,
    {
      "mt-members": () => this.#soon(),
      "mt-signal": ({ detail }) => this.#onSignal(detail),
      "mt-status": ({ detail }) => ["closed", "stopped"].includes(detail.status) && this.#menu.close(),
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
    this.#companion.letGo();
  }

  get #room() {
    return this.#companion.together?.room ?? null;
  }

  #build() {
    this.#texts = textsFor(this);
    dress(this.shadowRoot, PEOPLE_CSS + MENU_CSS);
    this.#menu = new MemberMenu({
      texts: this.#texts,
      chosen: (act, value, id) => this.#carryOut(act, value, id),
      closed: (id) => this.#onMenuClosed(id),
    });
    this.shadowRoot.append(this.#place, this.#menu.node);
  }

  #onSignal({ type, by, skew_ms: skewMs }) {
    if (type !== "skew") return;
    this.#skews.set(by, skewMs);
    this.#soon();
  }

  // -- showing ------------------------------------------------------------------------------------------------------

  /** Many change at once (a room of two hundred loads a film): they are drawn once a frame. */
  #soon() {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = null;
      this.#show();
    });
  }

  #show() {
    const { members = [], you } = this.#room ?? {};
    if (members.length === 0) {
      this.#place.replaceChildren(make("p", { class: "nobody" }, this.#texts.nobody));
      return;
    }
    const focused = this.shadowRoot.activeElement?.closest("[data-chip]")?.dataset.chip;
    const scrolled = this.#place.firstElementChild?.scrollLeft ?? 0;
    // Oneself first, then in the order of coming.
    const sorted = [...members].sort((a, b) => Number(b.id === you?.id) - Number(a.id === you?.id));
    const list = make("ul", { "aria-label": this.#texts.here, part: "people" }, ...sorted.map((member) => this.#entry(member)));
    this.#place.replaceChildren(list);
    list.scrollLeft = scrolled;
    if (focused) this.#chip(focused)?.focus();
    if (this.#menu.memberId !== null && !this.#chip(this.#menu.memberId)) this.#menu.close();
    this.#lookAgain(members);
  }

  /** A mute ends by itself, and no event tells it. */
  #lookAgain(members) {
    clearTimeout(this.#timer);
    const left = members.map((one) => (one.muted_until_ms ?? 0) - this.#nowMs).filter((ms) => ms > 0);
    if (left.length) this.#timer = setTimeout(() => this.#show(), Math.min(...left) + 100);
  }

  get #nowMs() {
    return this.#companion.together?.serverMs ?? 0;
  }

  #entry(member) {
    const signs = this.#signsOf(member);
    const notes = this.#notesOf(member);
    const [initial] = member.name.trim() || "?";
    const parts = [
      make("span", { class: `face c${colourOf(member.id) % COLOURS}`, "aria-hidden": "true" }, initial.toUpperCase()),
      make("span", { class: "name", dir: "auto" }, member.name),
      ...notes.map((note) => make("span", { class: "note" }, note)),
      signs.length ? make("span", { class: "visually-hidden" }, `, ${signs.join(", ")}`) : null,
    ];
    const own = member.id === this.#room.you?.id;
    const acts = actsFor(this.#room, member, { nowMs: this.#nowMs, bans: this.hasAttribute("bans") });
    const pressable = own || acts.length > 0;
    const chip = make(pressable ? "button" : "div", {
      class: "chip", "data-chip": member.id, title: signs.join(", ") || null,
      ...(pressable ? { type: "button", "aria-haspopup": "menu", "aria-expanded": String(this.#menu.memberId === member.id) } : {}),
    }, ...parts);
    if (pressable) chip.addEventListener("click", () => this.#open(member.id));
    return make("li", { class: !member.ready || member.buffering ? "loading" : "", "data-member": member.id }, chip);
  }

  /** How a member is, for the ear and the tooltip; the eye sees a breathing ring, and the notes. */
  #signsOf(member) {
    return [!member.ready ? this.#texts.not_ready : member.buffering ? this.#texts.buffering : null].filter(Boolean);
  }

  #notesOf(member) {
    const room = this.#room;
    const role = roleOf(room, member.id);
    const skewMs = member.ready && room.playback.status === "playing" ? this.#skews.get(member.id) ?? 0 : 0;
    const seconds = Math.round(Math.abs(skewMs) / 1000);
    return [
      member.id === room.you?.id ? this.#texts.you : null,
      role === "viewer" ? null : this.#texts[role],
      room.room.host === member.id ? this.#texts.host : null,
      (member.muted_until_ms ?? 0) > this.#nowMs ? this.#texts.muted_now : null,
      Math.abs(skewMs) < SKEW_TOLD_MS ? null : skewMs < 0 ? this.#texts.behind(seconds) : this.#texts.ahead(seconds),
    ].filter(Boolean);
  }

  // -- acting -------------------------------------------------------------------------------------------------------

  #chip(id) {
    return this.shadowRoot.querySelector(`[data-chip="${CSS.escape(id)}"]`);
  }

  #open(id) {
    const member = this.#room?.members.find((one) => one.id === id);
    if (!member) return;
    const own = id === this.#room.you?.id ? { waits: this.#companion.together.waits } : null;
    const acts = actsFor(this.#room, member, { nowMs: this.#nowMs, bans: this.hasAttribute("bans") });
    this.#chip(id).setAttribute("aria-expanded", "true");
    this.#menu.open(this.#chip(id), member, acts, own);
  }

  /** The focus was in the menu: the browser's own memory of where it came from may be a chip that was drawn anew meanwhile. */
  #onMenuClosed(id) {
    const chip = this.#chip(id);
    chip?.setAttribute("aria-expanded", "false");
    const focused = this.shadowRoot.activeElement ?? document.activeElement;
    if (focused === null || focused === document.body || this.#menu.node.contains(focused)) chip?.focus();
  }

  #carryOut(act, value, id) {
    const { together } = this.#companion;
    const name = this.#room?.names[id];
    if (act === "waits") together.waits = value;
    else if (act === "ban") this.dispatchEvent(new CustomEvent("mt-ban", { detail: { id, name }, bubbles: true, composed: true }));
    else {
      const asked = act === "make" ? together.setRole(id, value) : act === "kick" ? together.kick(id) : together.mute(id, value);
      asked.catch(() => {}); // the player has told why not
    }
  }
}

if (!customElements.get("movie-together-people")) customElements.define("movie-together-people", MovieTogetherPeople);

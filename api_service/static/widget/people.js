/**
 * <movie-together-people for="id of the <movie-together>" bans blocks>: the room's members, how each follows the film, who is invited
 * and not here (`expected` of the <movie-together>), and a menu of actions on each.
 * With `bans` the menu offers to ban somebody; the event `mt-ban` ({id, name}) then asks the page to call the API. With
 * `blocks` it offers to block somebody for this viewer, or not any more; `mt-block` ({id, name, blocked}) asks the page to see to that.
 */
import { companionOf } from "./ui/companion.js";
import { emit } from "./ui/emit.js";
import { adoptStyles, make } from "./ui/look.js";
import { MENU_CSS, MemberMenu, memberActions } from "./ui/member-menu.js";
import { PeopleList } from "./ui/people-list.js";
import { PEOPLE_CSS } from "./ui/people-look.js";
import { missingRowOf, rowOf } from "./ui/people-rows.js";
import { inOrder, matches, missing } from "./core/people.js";
import { textsFor } from "./ui/translations.js";

/** So many people are searched rather than read. */
const SEARCH_FROM = 10;

export class MovieTogetherPeople extends HTMLElement {
  #companion = companionOf(
    this,
    {
      "mt-members": () => this.#scheduleShow(),
      "mt-state": () => this.#scheduleShow(),
      "mt-blocked": () => this.#scheduleShow(),
      "mt-signal": ({ detail }) => this.#onSignal(detail),
      "mt-status": () => this.#onStatus(),
    },
    () => this.#show(),
  );
  #texts;
  #menu = null;
  #list;
  #count = make("p", { class: "count", id: "count" });
  #search = make("input", { class: "search", type: "search", autocomplete: "off", hidden: true });
  #nobody = make("p", { class: "nobody", role: "status" });
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
    this.#search.placeholder = this.#texts.search_people;
    this.#search.setAttribute("aria-label", this.#texts.search_people);
    this.#search.addEventListener("input", () => this.#show());
    this.#list = new PeopleList({ labelledBy: "count", onPress: (id) => this.#open(id) });
    this.#menu = new MemberMenu({
      texts: this.#texts,
      on: {
        choose: (action, value, id) => this.#carryOut(action, value, id),
        close: (id) => this.#onMenuClosed(id),
      },
    });
    this.shadowRoot.append(this.#count, this.#search, this.#list.node, this.#nobody, this.#menu.node);
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
    const room = this.#companion.together?.endReason ? null : this.#room;
    const { members = [] } = room ?? {};
    const query = this.#search.value;
    this.#search.hidden = members.length < SEARCH_FROM && query === "";
    const rows = room ? this.#rowsOf(room).filter(({ name }) => matches(name, query)) : [];
    this.#list.show(rows);
    this.#list.node.hidden = rows.length === 0;
    this.#count.hidden = members.length === 0;
    if (room?.room) this.#count.textContent = this.#texts.people_count(members.length, room.room.settings.capacity);
    const nobody = this.#companion.together?.endReason || rows.length > 0 ? "" : query ? this.#texts.found_nobody : this.#texts.nobody;
    if (this.#nobody.textContent !== nobody) this.#nobody.textContent = nobody;
    if (this.#menu.memberId !== null && !this.#list.row(this.#menu.memberId)) this.#menu.close();
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

  #rowsOf(room) {
    const { together } = this.#companion;
    const about = { texts: this.#texts, nowMs: this.#nowMs };
    return [
      ...inOrder(room).map((member) => rowOf(member, room, { ...about, skewMs: this.#skews.get(member.id), blocked: together.hasBlocked(member.id), pressable: this.#isPressable(member) })),
      ...missing(room, together.expected).map((person) => missingRowOf(person, about)),
    ];
  }

  #isPressable(member) {
    return member.id === this.#room.you?.id || this.#actionsOn(member).length > 0;
  }

  #actionsOn(member) {
    return memberActions(this.#room, member, {
      nowMs: this.#nowMs, bans: this.hasAttribute("bans"), blocks: this.hasAttribute("blocks"), blocked: this.#companion.together.hasBlocked(member.id),
    });
  }

  // -- acting -------------------------------------------------------------------------------------------------------

  #open(id) {
    const member = this.#room?.members.find((one) => one.id === id);
    if (!member) return;
    const { waits, holdsSpoilers } = this.#companion.together;
    const own = id === this.#room.you?.id ? { switches: { waits, spoilers: holdsSpoilers }, aside: Boolean(member.aside) } : null;
    const row = this.#list.row(id);
    this.#menu.open(row, member, this.#actionsOn(member), own);
    row.setAttribute("aria-expanded", "true");
  }

  /** Return the focus to the row; the browser would return it to a node that may have been redrawn since. */
  #onMenuClosed(id) {
    const row = this.#list.row(id);
    row?.setAttribute("aria-expanded", "false");
    const focused = this.shadowRoot.activeElement ?? document.activeElement;
    if (focused === null || focused === document.body || this.#menu.node.contains(focused)) row?.focus();
  }

  #carryOut(action, value, id) {
    const { together } = this.#companion;
    const name = this.#room?.names[id];
    const own = { away: () => together.stepAway(), alone: () => together.watchAlone(), rewatch: () => together.rewatch(), come_back: () => together.comeBack() };
    if (action === "waits") together.waits = value;
    else if (action === "spoilers") together.holdsSpoilers = value;
    else if (action in own) own[action]();
    else if (action === "ban") emit(this, "mt-ban", { id, name });
    else if (action === "block" || action === "unblock") emit(this, "mt-block", { id, name, blocked: action === "block" });
    else {
      const answered = action === "make" ? together.setRole(id, value) : action === "kick" ? together.kick(id) : together.mute(id, value);
      answered.catch(() => {}); // <movie-together> shows the refusal
    }
  }
}

if (!customElements.get("movie-together-people")) customElements.define("movie-together-people", MovieTogetherPeople);

/** <movie-together-chat for="id of the <movie-together>">: the room's messages and a place to write. */
import { dress, make } from "./look.js";
import { CHAT_CSS } from "./chat-look.js";
import { eventLine, graphemes, saidLine } from "./lines.js";
import { randomId } from "./commands.js";
import { textsFor } from "./texts.js";
import { Unsent } from "./unsent.js";

/** Nearer to the end than this, the list follows new lines. */
const AT_END_PX = 60;

/** Lines kept on the page. */
const LINES_KEPT = 500;

/** The counter shows from this part of the limit on. */
const COUNTS_FROM = 0.8;

/** Lines of one person closer than this read as one. */
const GOES_ON_MS = 3 * 60_000;

const DEFAULT_LIMIT = 500;

export class MovieTogetherChat extends HTMLElement {
  #texts;
  #together = null;
  #unsent = null;
  #lines = [];
  #names = new Map();
  #unread = 0;
  #list;
  #empty;
  #more;
  #form;
  #field;
  #hint;
  #send;

  constructor() {
    super();
    this.attachShadow({ mode: "open" });
  }

  connectedCallback() {
    if (!this.#list) this.#build();
    const bind = () => this.#bind(this.getRootNode().getElementById?.(this.getAttribute("for")) ?? null);
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", bind, { once: true });
    else bind();
  }

  disconnectedCallback() {
    this.#bind(null);
  }

  #build() {
    const texts = textsFor(this);
    this.#texts = texts;
    dress(this.shadowRoot, CHAT_CSS);
    this.#list = make("ol", { class: "list", part: "list", role: "log", "aria-live": "polite", "aria-label": texts.log, tabindex: 0 });
    this.#empty = make("p", { class: "empty" }, texts.empty);
    this.#more = make("button", { type: "button", class: "more", hidden: true });
    this.#field = make("textarea", {
      rows: 1, placeholder: texts.placeholder, "aria-label": texts.message, "aria-describedby": "hint", dir: "auto",
      enterkeyhint: "send", autocomplete: "off",
    });
    this.#send = make("button", { type: "submit", class: "send", "aria-label": texts.send, title: texts.send, disabled: true }, "↑");
    this.#hint = make("p", { id: "hint", class: "hint", role: "status" });
    this.#form = make("form", { class: "write", part: "write" }, make("div", { class: "row" }, this.#field, this.#send), this.#hint);
    this.shadowRoot.append(make("div", { class: "scroll" }, this.#empty, this.#list, this.#more), this.#form);

    this.#list.addEventListener("scroll", () => this.#atEnd && this.#read());
    this.#more.addEventListener("click", () => this.#toEnd());
    this.#field.addEventListener("input", () => this.#onInput());
    this.#field.addEventListener("keydown", (event) => this.#onKey(event));
    this.#form.addEventListener("submit", (event) => this.#onSubmit(event));
    document.addEventListener("visibilitychange", () => !document.hidden && this.#atEnd && this.#read());
  }

  #bind(together) {
    const heard = { "mt-room": this.#onRoom, "mt-members": this.#onMembers, "mt-event": this.#onEvent, "mt-closed": this.#onClosed };
    for (const [type, listener] of Object.entries(heard)) {
      this.#together?.removeEventListener(type, listener);
      together?.addEventListener(type, listener);
    }
    this.#together = together;
    if (together?.room) this.#onRoom({ detail: together.room });
  }

  get #me() {
    return this.#together?.room?.you?.id;
  }

  // -- lines ------------------------------------------------------------------------------------------------------

  #onRoom = ({ detail: { room, members, messages } }) => {
    this.#remember(members);
    for (const message of messages) this.#said(message, { news: false });
    if (this.#unsent === null) {
      this.#unsent = new Unsent(globalThis.sessionStorage, room.id);
      this.#field.value = this.#unsent.draft;
      this.#onInput();
      for (const entry of this.#unsent.all) this.#showUnsent(entry, { again: this.#unsent.repeatable(entry, Date.now()) });
    }
    this.#toEnd();
  };

  #onMembers = ({ detail: { members } }) => this.#remember(members);

  #onEvent = ({ detail: event }) => {
    if (event.type === "said") {
      if (event.by === this.#me && event.command) this.#settle(event.command);
      this.#said(event.message, { news: event.by !== this.#me });
      return;
    }
    if (event.type === "member_left" && this.#together.room.closed) return; // the closing sent everybody away
    const node = eventLine(event, { texts: this.#texts, nameOf: (id) => this.#names.get(id) });
    if (node) this.#insert({ key: `e${event.epoch}.${event.seq}`, atMs: event.time_ms, node }, { news: false });
  };

  #onClosed = () => {
    this.#form.hidden = true;
  };

  #remember(members) {
    for (const { id, name } of members) this.#names.set(id, name);
  }

  #said(message, { news }) {
    const last = this.#lines.findLast(({ atMs }) => atMs <= message.sent_ms);
    const goesOn = last?.author === message.author.id && message.sent_ms - last.atMs < GOES_ON_MS;
    const node = saidLine(message, { texts: this.#texts, mine: message.author.id === this.#me, goesOn });
    this.#names.set(message.author.id, message.author.name);
    this.#insert({ key: message.id, atMs: message.sent_ms, author: message.author.id, node }, { news });
  }

  /** Puts a line in its place by the server's time; what a resume brings late stands where it belongs. */
  #insert(line, { news }) {
    if (this.#lines.some(({ key }) => key === line.key)) return;
    const follows = this.#atEnd;
    const place = this.#lines.findLastIndex(({ atMs }) => atMs <= line.atMs) + 1;
    const next = this.#lines[place]?.node ?? this.#list.querySelector(".unsent");
    this.#lines.splice(place, 0, line);
    this.#list.insertBefore(line.node, next);
    if (this.#lines.length > LINES_KEPT) this.#lines.shift().node.remove();
    this.#empty.hidden = true;
    if (news && (!follows || document.hidden)) this.#count();
    if (follows) this.#toEnd({ read: !document.hidden });
  }

  // -- reading ----------------------------------------------------------------------------------------------------

  get #atEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.#list;
    return scrollHeight - scrollTop - clientHeight < AT_END_PX;
  }

  #toEnd({ read = true } = {}) {
    this.#list.scrollTop = this.#list.scrollHeight;
    if (read) this.#read();
  }

  #count() {
    this.#unread += 1;
    this.#more.textContent = `${this.#texts.new_messages(this.#unread)} ↓`;
    this.#more.hidden = this.#atEnd;
    this.#tellUnread();
  }

  #read() {
    this.#more.hidden = true;
    if (this.#unread === 0) return;
    this.#unread = 0;
    this.#tellUnread();
  }

  #tellUnread() {
    this.dispatchEvent(new CustomEvent("mt-unread", { detail: { unread: this.#unread }, bubbles: true, composed: true }));
  }

  // -- writing ----------------------------------------------------------------------------------------------------

  get #limit() {
    return this.#together?.room?.limits?.text_graphemes ?? DEFAULT_LIMIT;
  }

  #onInput() {
    const text = this.#field.value;
    const length = graphemes(text.trim());
    const tooLong = length > this.#limit;
    this.#field.style.height = "auto";
    this.#field.style.height = `${this.#field.scrollHeight + 2}px`;
    this.#field.setAttribute("aria-invalid", String(tooLong));
    this.#hint.classList.toggle("alarm", tooLong);
    if (tooLong) this.#hint.textContent = this.#texts.too_long(length, this.#limit);
    else this.#hint.textContent = length > this.#limit * COUNTS_FROM ? this.#texts.left_of(length, this.#limit) : "";
    this.#send.disabled = tooLong || length === 0;
    if (this.#unsent) this.#unsent.draft = text;
  }

  #onKey(event) {
    // Enter that ends the writing of a composed character (Chinese, Japanese, …) belongs to the input method.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.#form.requestSubmit();
  }

  #onSubmit(event) {
    event.preventDefault();
    const text = this.#field.value.trim();
    if (!this.#unsent || !text || graphemes(text) > this.#limit) return;
    this.#field.value = "";
    this.#onInput();
    const entry = { id: randomId(), text, at: Date.now() };
    this.#unsent.put(entry);
    this.#showUnsent(entry, { again: true });
    this.#toEnd();
    this.#field.focus();
  }

  /** Shows a text that the room does not have yet, and sends it (`again`) or offers to. */
  #showUnsent(entry, { again }) {
    const state = make("span", { class: "state" });
    const node = make("li", { class: "said mine unsent", "data-command": entry.id }, make("p", { dir: "auto" }, entry.text), state);
    this.#list.append(node);
    this.#empty.hidden = true;
    if (again) this.#say(entry, state);
    else this.#offer(entry, state, this.#texts.unsent);
  }

  async #say(entry, state) {
    state.replaceChildren(this.#texts.sending);
    try {
      await this.#together.say(entry.text, { id: entry.id });
      this.#settle(entry.id);
    } catch (refusal) {
      if (refusal.code === "closed" || refusal.code === "room_closed") state.replaceChildren(this.#texts.unsent);
      else this.#offer(entry, state, refusal.code === "text_too_long" ? this.#texts.unsent_too_long : this.#texts.unsent);
    }
  }

  #offer(entry, state, why) {
    const retry = make("button", { type: "button" }, this.#texts.retry);
    const discard = make("button", { type: "button" }, this.#texts.discard);
    retry.addEventListener("click", () => {
      this.#settle(entry.id);
      const fresh = { id: randomId(), text: entry.text, at: Date.now() };
      this.#unsent.put(fresh);
      this.#showUnsent(fresh, { again: true });
    });
    discard.addEventListener("click", () => this.#settle(entry.id));
    state.replaceChildren(why, " ", retry, discard);
  }

  #settle(id) {
    this.#unsent?.remove(id);
    this.#list.querySelector(`[data-command="${CSS.escape(id)}"]`)?.remove();
  }
}

if (!customElements.get("movie-together-chat")) customElements.define("movie-together-chat", MovieTogetherChat);

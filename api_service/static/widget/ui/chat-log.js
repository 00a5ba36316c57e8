/** The chat's list: lines in the room's order, older ones on the way up, new ones counted while nobody looks. */
import { eventLine, quoteOf, saidLine } from "./chat-lines.js";
import { make } from "./look.js";

/** Nearer to the end than this, the list follows new lines; nearer to the beginning, older ones are fetched. */
const AT_END_PX = 60;
const AT_START_PX = 120;

/** Lines kept while the list follows; who reads older ones keeps them. */
const LINES_KEPT = 500;

/** Lines of one person closer than this read as one. */
const GOES_ON_MS = 3 * 60_000;

/** How many pages are fetched to find what a reply is to. */
const SEARCHED_PAGES = 8;

export class ChatLog {
  node;
  /** Says over the list that older lines are on their way: in it, it would move what is being read. */
  older = make("p", { class: "older", role: "status", hidden: true });
  #texts;
  #heard;
  #lines = [];
  #mayHaveOlder = false;
  #fetching = null;
  #follows = true;

  /** `heard` takes {unread(), read(), history(before) → {messages, more}, me() → id}. */
  constructor({ texts, heard }) {
    this.#texts = texts;
    this.#heard = heard;
    this.node = make("ol", { class: "list", part: "list", role: "log", "aria-live": "polite", "aria-label": texts.log, tabindex: 0 });
    this.node.addEventListener("scroll", () => this.#onScroll());
    this.node.addEventListener("click", ({ target }) => {
      const quote = target.closest("[data-jump]");
      if (quote) this.jump(quote.dataset.jump);
    });
  }

  get empty() {
    return this.#lines.length === 0;
  }

  get atEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.node;
    return scrollHeight - scrollTop - clientHeight < AT_END_PX;
  }

  /** The message of a line, by the line's node or the message's id. */
  message(of) {
    return this.#lines.find(({ key, node }) => key === of || node === of)?.message ?? null;
  }

  /** Takes the messages of a snapshot: the last ones, before which there may be others. */
  begin(messages) {
    this.#mayHaveOlder ||= messages.length > 0;
    for (const message of messages) this.said(message);
  }

  /** `before` is the line before which it was said, though maybe in the same millisecond. */
  said(message, { news = false, before = null } = {}) {
    const known = this.#lines.find(({ key }) => key === message.id);
    if (known) return this.#replace(known, message);
    const place = this.#place(message.sent_ms, before);
    const last = this.#lines[place - 1];
    const goesOn = last?.message?.author.id === message.author.id && message.sent_ms - last.atMs < GOES_ON_MS;
    return this.#insert({ key: message.id, atMs: message.sent_ms, message, node: this.#draw(message, goesOn) }, { news, place });
  }

  happened(event, told) {
    const node = eventLine(event, { texts: this.#texts, ...told });
    if (node) this.#insert({ key: `e${event.epoch}.${event.seq}`, atMs: event.time_ms, node });
  }

  deleted(id) {
    const line = this.#lines.find(({ key }) => key === id);
    if (line) this.#replace(line, { ...line.message, text: "", deleted: true });
  }

  /** Goes to a message and shows which one it is; what is not here yet is fetched. */
  async jump(id) {
    for (let pages = 0; ; pages += 1) {
      const line = this.#lines.find(({ key }) => key === id);
      if (line) return this.#show(line.node);
      if (!this.#mayHaveOlder || pages === SEARCHED_PAGES) return undefined;
      await this.#fetchOlder();
    }
  }

  toEnd({ read = true } = {}) {
    this.node.scrollTop = this.node.scrollHeight;
    this.#follows = true;
    if (read) this.#heard.read();
  }

  /** The list's height changed: who was at the end stays there. */
  resized() {
    if (this.#follows) this.toEnd({ read: false });
  }

  #draw(message, goesOn) {
    const quoted = message.reply_to ? this.message(message.reply_to) : null;
    return saidLine(message, { texts: this.#texts, mine: message.author.id === this.#heard.me(), goesOn, quoted });
  }

  #replace(line, message) {
    if (line.message.deleted === message.deleted && line.message.text === message.text) return;
    const node = this.#draw(message, line.node.classList.contains("goes-on"));
    line.node.replaceWith(node);
    Object.assign(line, { message, node });
    this.#requote(message);
  }

  /** Replies show what became of the message that they are to. */
  #requote(message) {
    for (const quote of this.node.querySelectorAll(`[data-jump="${CSS.escape(message.id)}"]`)) {
      quote.replaceWith(quoteOf(message.id, message, this.#texts));
    }
  }

  #place(atMs, before = null) {
    const first = this.#lines.indexOf(before);
    return this.#lines.findLastIndex((line, at) => line.atMs <= atMs && (first < 0 || at < first)) + 1;
  }

  /** Puts a line in its place by the server's time; what a resume brings late stands where it belongs. */
  #insert(line, { news = false, place = this.#place(line.atMs) } = {}) {
    if (this.#lines.some(({ key }) => key === line.key)) return;
    const follows = this.atEnd && this.#fetching === null;
    const next = this.#lines[place]?.node ?? this.node.querySelector(".unsent");
    this.#lines.splice(place, 0, line);
    this.node.insertBefore(line.node, next);
    if (news && (!follows || document.hidden)) this.#heard.unread();
    if (!follows) return;
    while (this.#lines.length > LINES_KEPT) {
      this.#lines.shift().node.remove();
      this.#mayHaveOlder = true;
    }
    this.toEnd({ read: !document.hidden });
  }

  #onScroll() {
    this.#follows = this.atEnd;
    if (this.#follows) this.#heard.read();
    if (this.node.scrollTop < AT_START_PX && this.#mayHaveOlder && !this.#follows) this.#fetchOlder();
  }

  async #fetchOlder() {
    this.#fetching ??= this.#fetchPage().finally(() => {
      this.#fetching = null;
    });
    return this.#fetching;
  }

  async #fetchPage() {
    const first = this.#lines.find(({ message }) => message);
    this.older.hidden = false;
    this.older.textContent = this.#texts.loading_history;
    try {
      const { messages, more } = await this.#heard.history(first?.key);
      this.#mayHaveOlder = more;
      this.#prepend(messages, first);
      this.older.hidden = true;
    } catch {
      this.older.textContent = this.#texts.history_failed;
      this.#mayHaveOlder = false; // not again and again by itself; a reload asks anew
    }
  }

  /** Older lines push the ones that are being read away from under the eyes, unless the list goes along. Nobody has to hear them. */
  #prepend(messages, before) {
    const { node } = this;
    node.setAttribute("aria-live", "off");
    const fromEnd = node.scrollHeight - node.scrollTop;
    for (const message of messages) this.said(message, { before });
    for (const message of messages) this.#requote(message);
    this.older.hidden = true;
    node.scrollTop = node.scrollHeight - fromEnd;
    requestAnimationFrame(() => node.setAttribute("aria-live", "polite"));
  }

  #show(node) {
    node.scrollIntoView({ block: "center" });
    node.focus({ preventScroll: true });
    node.classList.remove("found");
    node.getBoundingClientRect(); // the animation begins anew
    node.classList.add("found");
  }
}

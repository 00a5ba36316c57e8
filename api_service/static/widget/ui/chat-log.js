/** The chat's list: lines in the room's order, with older pages loaded on scrolling up and new lines counted while unread. */
import { eventLine, messageLine, quoteOf } from "./chat-lines.js";
import { mentions } from "../core/message-parts.js";
import { changedMessage } from "../core/replica.js";
import { make } from "./look.js";

/** Nearer to its end than this the list scrolls along with new lines; nearer to its beginning it loads older ones. */
const AT_END_PX = 60;
const AT_START_PX = 120;

/** The list keeps this many lines while it scrolls along; a reader of older ones keeps them. */
const LINES_KEPT = 500;

/** Messages of one person within this time share one name. */
const GOES_ON_MS = 3 * 60_000;

/** At most this many pages are loaded to find the message that a reply quotes. */
const SEARCHED_PAGES = 8;

/** Return whether a message was said while the room watched this film. */
function isOf({ film_id: saidAt }, filmId) {
  return (saidAt ?? filmId) === filmId;
}

export class ChatLog {
  node;
  /** What contains the list: an element with the role of a log is no list, and would leave the lines without one. */
  region;
  /** The notice that older lines are loading; it lies over the list, since inside it would move the lines being read. */
  older = make("p", { class: "older", role: "status", hidden: true });
  #texts;
  #context;
  #on;
  #lines = [];
  #mayHaveOlder = false;
  #loading = null;
  #follows = true;
  #heldFromMs = Infinity;
  #revealed = new Set(); // messages of blocked people that this viewer wanted to see all the same

  /**
   * `on` is {unread({mentioned}), read(), history(before), moment(positionMs), react(id, emoji, on), undo(id)}: a new line was not seen, which may mention this viewer; the
   * end of the list is seen; load the page of messages before the id `before` (resolves to {messages, more}); a moment was pressed; a reaction was;
   * a message is to stay after all. `context()` returns {me, names, roleOf(id), filmId, lengthMs, deletions, isBlocked(id)} of the room as it is now.
   */
  constructor({ texts, on, context }) {
    this.#texts = texts;
    this.#on = on;
    this.#context = context;
    this.node = make("ol", { class: "list", part: "list", tabindex: 0 });
    this.region = make("div", { class: "log", role: "log", "aria-live": "polite", "aria-label": texts.log }, this.node);
    this.node.addEventListener("scroll", () => this.#onScroll());
    new ResizeObserver(() => this.resized()).observe(this.node); // a phone's keyboard, another layout
    this.node.addEventListener("click", ({ target }) => {
      const quote = target.closest("[data-jump]");
      if (quote) this.jump(quote.dataset.jump);
      const felt = target.closest("[data-felt]");
      if (felt) this.#on.react(felt.dataset.of, felt.dataset.felt, felt.getAttribute("aria-pressed") === "false");
      const moment = target.closest("[data-moment]");
      if (moment) this.#on.moment(Number(moment.dataset.moment));
      const undo = target.closest("[data-undo]");
      if (undo) this.#on.undo(undo.dataset.undo);
      const reveal = target.closest("[data-reveal]");
      if (reveal) this.#reveal(reveal.dataset.reveal);
    });
  }

  /** Whether the list has no lines. */
  get empty() {
    return this.#lines.length === 0;
  }

  /** Whether the list is scrolled to its end. */
  get atEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.node;
    return scrollHeight - scrollTop - clientHeight < AT_END_PX;
  }

  /** Return a message by its line's node or its id, or null. */
  message(nodeOrId) {
    return this.#lines.find(({ key, node }) => key === nodeOrId || node === nodeOrId)?.message ?? null;
  }

  /** Take all lines away: another person's or another room's come. */
  clear() {
    for (const { node } of this.#lines) node.remove();
    this.#lines = [];
    this.#mayHaveOlder = false;
  }

  /** Hold back what messages of others say that are about a later place of the film than this, ms. */
  holdFrom(positionMs) {
    if (positionMs === this.#heldFromMs) return;
    const changed = this.#lines.filter(({ message }) => message && this.holds(message));
    this.#heldFromMs = positionMs;
    for (const line of this.#lines) {
      if (line.message && changed.includes(line) !== this.holds(line.message)) this.#redraw(line, line.message);
    }
  }

  /** Return whether what a message says is held back. */
  holds(message) {
    const { me, filmId } = this.#context();
    return message.position_ms > this.#heldFromMs && message.author.id !== me && isOf(message, filmId);
  }

  /** Return whether a message is hidden because this viewer has blocked its author. */
  hides(message) {
    return this.#context().isBlocked(message.author.id) && !this.#revealed.has(message.id);
  }

  /** Show or hide what people wrote and felt who have just been blocked, or are not any more. */
  showBlocked() {
    for (const line of this.#lines) if (line.message) this.#redraw(line, line.message);
  }

  #reveal(id) {
    this.#revealed.add(id);
    this.redraw(id);
  }

  /** Add the messages of a snapshot; the room may have older ones. */
  addSnapshot(messages) {
    this.#mayHaveOlder ||= messages.length > 0;
    for (const message of messages) this.addMessage(message);
  }

  /** Add a message, or update it. `unread` counts it as unread until the end of the list is seen; `before` is a line that is newer, though maybe by less than a millisecond. */
  addMessage(message, { unread = false, before = null } = {}) {
    const known = this.#lines.find(({ key }) => key === message.id);
    if (known) return this.#replace(known, message);
    const place = this.#place(message.sent_ms, before);
    const last = this.#lines[place - 1];
    const goesOn = last?.message?.author.id === message.author.id && message.sent_ms - last.atMs < GOES_ON_MS;
    return this.#insert({ key: message.id, atMs: message.sent_ms, message, node: this.#draw(message, goesOn) }, { unread, place });
  }

  /** Add an event's line, if it has one; `context` as for `eventPhrase` (phrases.js). */
  addEvent(event, context) {
    const node = eventLine(event, { texts: this.#texts, ...context });
    if (node) this.#insert({ key: `e${event.epoch}.${event.seq}`, atMs: event.time_ms, node });
  }

  /** Show what has become of a message: it was edited, reacted to or deleted. */
  change(event) {
    const line = this.#lines.find(({ key }) => key === event.message_id);
    if (line) this.#replace(line, changedMessage(line.message, event));
  }

  /** Draw a message anew: it is about to be deleted here, or not any more. @param {string} id */
  redraw(id) {
    const line = this.#lines.find(({ key }) => key === id);
    if (line) this.#redraw(line, line.message);
  }

  /** Scroll to a message and highlight it; older pages are loaded to find it. */
  async jump(id) {
    for (let pages = 0; ; pages += 1) {
      const line = this.#lines.find(({ key }) => key === id);
      if (line) return this.#show(line.node);
      if (!this.#mayHaveOlder || pages === SEARCHED_PAGES) return undefined;
      await this.#loadOlder();
    }
  }

  /** Scroll to the end; with `read` the lines count as read. */
  toEnd({ read = true } = {}) {
    this.node.scrollTop = this.node.scrollHeight;
    this.#follows = true;
    if (read) this.#on.read();
  }

  /** Stay at the end after the list's height has changed. */
  resized() {
    if (this.#follows) this.toEnd({ read: false });
  }

  #draw(message, goesOn) {
    const quoted = message.reply_to ? this.message(message.reply_to) : null;
    const quotedHeld = Boolean(quoted) && this.holds(quoted);
    const quotedHidden = Boolean(quoted) && this.hides(quoted);
    const { roleOf, filmId, lengthMs, deletions, ...context } = this.#context();
    return messageLine(message, {
      texts: this.#texts, goesOn, quoted, quotedHeld, quotedHidden, held: this.holds(message), hidden: this.hides(message), role: roleOf(message.author.id), ...context,
      deleting: deletions?.has(message.id), undoable: deletions?.undoable(message.id),
      lengthMs: isOf(message, filmId) ? lengthMs : -1, // a moment of another film leads nowhere
    });
  }

  #replace(line, message) {
    if (line.message.revision === message.revision && line.message.deleted === message.deleted) return;
    this.#redraw(line, message);
  }

  #redraw(line, message) {
    const hadFocus = line.node.contains(line.node.getRootNode().activeElement);
    const node = this.#draw(message, line.node.classList.contains("goes-on"));
    line.node.replaceWith(node);
    Object.assign(line, { message, node });
    this.#requote(message);
    if (hadFocus) node.focus({ preventScroll: true });
    if (this.#follows) this.toEnd({ read: false });
  }

  /** Update the quotes of a message in its replies. */
  #requote(message) {
    for (const quote of this.node.querySelectorAll(`[data-jump="${CSS.escape(message.id)}"]`)) {
      quote.replaceWith(quoteOf(message.id, message, this.#texts, { held: this.holds(message), hidden: this.hides(message) }));
    }
  }

  #place(atMs, before = null) {
    const first = this.#lines.indexOf(before);
    return this.#lines.findLastIndex((line, at) => line.atMs <= atMs && (first < 0 || at < first)) + 1;
  }

  /** Insert a line at its place by the server's time; a resumed connection brings older lines late. */
  #insert(line, { unread = false, place = this.#place(line.atMs) } = {}) {
    if (this.#lines.some(({ key }) => key === line.key)) return;
    const follows = this.atEnd && this.#loading === null;
    const next = this.#lines[place]?.node ?? this.node.querySelector(".unsent");
    this.#lines.splice(place, 0, line);
    this.node.insertBefore(line.node, next);
    if (unread && (!follows || document.hidden)) this.#on.unread({ mentioned: this.#mentionsMe(line.message) });
    if (!follows) return;
    while (this.#lines.length > LINES_KEPT) {
      this.#lines.shift().node.remove();
      this.#mayHaveOlder = true;
    }
    this.toEnd({ read: !document.hidden });
  }

  #mentionsMe(message) {
    const { me, names } = this.#context();
    return Boolean(message) && mentions(message.text, me, names);
  }

  /** Show anew the role beside each name, after roles have changed. */
  showRoles() {
    const { roleOf } = this.#context();
    for (const node of this.node.querySelectorAll(".role")) {
      const role = roleOf(node.dataset.author);
      node.hidden = role === "viewer";
      node.textContent = node.hidden ? "" : this.#texts[role];
    }
  }

  #onScroll() {
    this.#follows = this.atEnd;
    if (this.#follows) this.#on.read();
    if (this.node.scrollTop < AT_START_PX && this.#mayHaveOlder && !this.#follows) this.#loadOlder();
  }

  async #loadOlder() {
    this.#loading ??= this.#loadPage().finally(() => {
      this.#loading = null;
    });
    return this.#loading;
  }

  async #loadPage() {
    const first = this.#lines.find(({ message }) => message);
    this.older.hidden = false;
    this.older.textContent = this.#texts.loading_history;
    try {
      const { messages, more } = await this.#on.history(first?.key);
      this.#mayHaveOlder = more;
      this.#prepend(messages, first);
      this.older.hidden = true;
    } catch {
      this.older.textContent = this.#texts.history_failed;
      this.#mayHaveOlder = false; // scrolling does not try again, a reload does
    }
  }

  /** Insert older lines; the list scrolls so that the lines being read stay in place, and screen readers do not announce the older ones. */
  #prepend(messages, before) {
    const { node } = this;
    node.setAttribute("aria-live", "off");
    const fromEnd = node.scrollHeight - node.scrollTop;
    for (const message of messages) this.addMessage(message, { before });
    for (const message of messages) this.#requote(message);
    this.older.hidden = true;
    node.scrollTop = node.scrollHeight - fromEnd;
    requestAnimationFrame(() => node.setAttribute("aria-live", "polite"));
  }

  #show(node) {
    node.scrollIntoView({ block: "center" });
    node.focus({ preventScroll: true });
    node.classList.remove("found");
    node.getBoundingClientRect(); // a reflow, so that the animation starts anew
    node.classList.add("found");
  }
}

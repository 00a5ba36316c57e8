/**
 * <movie-together-chat for="id of the <movie-together>" overlay>: the room's messages and a form to write one. With `overlay` it is made to
 * lie over a film: lines fade after a while, and a press goes to the film, until somebody writes (`focus()`).
 */
import { CHAT_CSS } from "./ui/chat-look.js";
import { ChatLog } from "./ui/chat-log.js";
import { companionOf } from "./ui/companion.js";
import { Composer } from "./ui/composer.js";
import { Deletions } from "./ui/deletions.js";
import { emit } from "./ui/emit.js";
import { adoptStyles, make } from "./ui/look.js";
import { MessageActions } from "./ui/message-actions.js";
import { Outbox } from "./ui/outbox.js";
import { markOf, mayDelete, mayEdit } from "./core/permissions.js";
import { lengthOf } from "./core/timeline.js";
import { textsFor } from "./ui/translations.js";
import { forgetTexts } from "./core/unsent.js";
import { Typists } from "./ui/typists.js";

/** Events after which the role beside a name may be another. */
const ROLE_EVENTS = new Set(["role_set", "settings_changed", "member_joined", "member_left"]);

/** How far this viewer has come in the film is asked this often. */
const SPOILERS_EVERY_MS = 500;

export class MovieTogetherChat extends HTMLElement {
  #companion = companionOf(
    this,
    {
      "mt-room": ({ detail }) => this.#onRoom(detail),
      "mt-members": () => this.#composer.refresh(),
      "mt-event": ({ detail }) => this.#onEvent(detail),
      "mt-signal": ({ detail }) => this.#onSignal(detail),
      "mt-status": () => this.#onStatus(),
      "mt-blocked": () => this.#log.showBlocked(),
    },
    (together) => {
      if (together?.room) this.#onRoom(together.room);
      if (together) this.#onStatus();
    },
  );
  #texts;
  #log = null;
  #composer;
  #outbox = null;
  #outboxOf = null;
  #deletions = new Deletions({
    changed: (id) => this.#log.redraw(id),
    due: (id) => this.#together.deleteMessage(id), // <movie-together> shows the refusal
  });
  #typists;
  #empty;
  #more;
  #unread = 0;
  #mentions = 0;
  #settings = null;
  #spoilerTimer = null;

  constructor() {
    super();
    this.attachShadow({ mode: "open" });
  }

  connectedCallback() {
    if (!this.#log) this.#build();
    document.addEventListener("visibilitychange", this.#onVisible);
    this.#spoilerTimer = setInterval(this.#holdSpoilers, SPOILERS_EVERY_MS);
    addEventListener("pagehide", this.#onLeave);
    this.#companion.bind();
  }

  disconnectedCallback() {
    document.removeEventListener("visibilitychange", this.#onVisible);
    removeEventListener("pagehide", this.#onLeave);
    this.#onLeave();
    clearInterval(this.#spoilerTimer);
    this.#companion.release();
  }

  /** Let the viewer write: the field takes the focus. @param {FocusOptions} [options] */
  focus(options) {
    this.#composer?.focus(options);
  }

  get #together() {
    return this.#companion.together;
  }

  get #over() {
    return Boolean(this.#together?.endReason);
  }

  get #me() {
    return this.#together?.room?.you?.id;
  }

  /** What lines are drawn by. */
  get #context() {
    const room = this.#together?.room;
    return {
      me: this.#me,
      names: room?.names ?? {},
      roleOf: (id) => markOf(room, id),
      filmId: room?.room?.film?.id,
      lengthMs: lengthOf(room?.playback, room?.room?.film),
      deletions: this.#deletions,
      isBlocked: (id) => this.#together?.hasBlocked(id) ?? false,
    };
  }

  #build() {
    const texts = textsFor(this);
    this.#texts = texts;
    adoptStyles(this.shadowRoot, CHAT_CSS);
    this.#log = new ChatLog({
      texts,
      context: () => this.#context,
      on: {
        unread: (line) => this.#addUnread(line),
        read: () => this.#markRead(),
        react: (id, emoji, on) => this.#over || this.#together.reactToMessage(id, emoji, on).catch(() => {}),
        moment: (positionMs) => this.#together.toMoment(positionMs).catch(() => {}), // <movie-together> shows the refusal
        undo: (id) => this.#deletions.undo(id),
        history: (before) => (this.#over ? { messages: [], more: false } : this.#together.history({ before })),
      },
    });
    this.#composer = new Composer({
      texts,
      together: () => this.#together,
      on: {
        submit: (text, replyTo) => this.#submit(text, replyTo),
        edit: (id, text) => this.#together.editMessage(id, text),
        draft: (text) => this.#outbox && (this.#outbox.draft = text),
        resized: () => this.#log.resized(),
      },
    });
    this.#typists = new Typists({ texts, nameOf: (id) => this.#nameOf(id) });
    new MessageActions(this.#log.node, { texts, may: (line) => this.#may(line), onAction: (...action) => this.#carryOut(...action) });
    this.#empty = make("p", { class: "empty" }, texts.empty);
    this.#more = make("button", { type: "button", class: "more", hidden: true });
    this.#more.addEventListener("click", () => this.#log.toEnd());
    this.shadowRoot.append(make("div", { class: "scroll" }, this.#empty, this.#log.region, this.#log.older, this.#more), this.#typists.node, this.#composer.node);
  }

  // -- from the room ------------------------------------------------------------------------------------------------

  #onRoom({ room, you, messages }) {
    this.#settings = { ...room.settings, title: room.title };
    this.#beginFor(you.id, room.id);
    this.#log.addSnapshot(messages);
    this.#log.showRoles();
    this.#composer.node.hidden = false;
    this.#composer.refresh();
    this.#showEmpty();
    this.#log.toEnd();
  }

  /** Begin with what this person has not sent to this room; another one may have been here before, or in another room. */
  #beginFor(person, room) {
    const outboxOf = `${person} ${room}`;
    if (this.#outboxOf === outboxOf) return;
    if (this.#outboxOf !== null) {
      this.#outbox.close();
      this.#log.clear();
      this.#markRead();
    }
    this.#outboxOf = outboxOf;
    this.#outbox = new Outbox({ list: this.#log.node, texts: this.#texts, say: (...message) => this.#together.say(...message), person, room });
    this.#composer.replyTo(null);
    this.#composer.restore(this.#outbox.draft);
  }

  #onEvent(event) {
    if (event.type === "said") this.#onSaid(event);
    else if (event.message_id) {
      this.#log.change(event);
      if (event.type === "message_deleted") this.#composer.onDeleted(event.message_id);
    } else if (event.type !== "member_left" || !this.#together.room.closed) { // a closed room's members leave without a line each
      this.#log.addEvent(event, { nameOf: (id) => this.#nameOf(id), before: this.#settings });
    }
    if (event.type === "settings_changed") this.#settings = { ...event.settings, title: event.title };
    if (ROLE_EVENTS.has(event.type)) this.#log.showRoles();
    if (event.type === "member_left") this.#typists.stopped(event.member_id);
    this.#showEmpty();
  }

  #onSaid(event) {
    const mine = event.by === this.#me;
    if (mine && event.command) this.#outbox?.settle(event.command);
    this.#typists.stopped(event.by);
    this.#holdSpoilers(); // as things stand now: what is shown to a viewer who is level with the room stays shown
    this.#log.addMessage(event.message, { unread: !mine && !this.#together.hasBlocked(event.by) });
    if (mine) this.#composer.refresh(); // slow mode begins
  }

  #holdSpoilers = () => this.#log.holdFrom(this.#together?.spoilersFromMs ?? Infinity);

  #onSignal({ type, by }) {
    if (type === "typing" && by !== this.#me) this.#typists.started(by);
  }

  /** Who is out of the room reads what was said, and writes nothing any more. */
  #onStatus() {
    const over = this.#over;
    this.#composer.node.hidden = over;
    this.#showEmpty();
    this.#log.node.classList.toggle("over", over);
    if (over) this.#typists.clear();
  }

  #nameOf(id) {
    return this.#together?.room?.names[id];
  }

  #showEmpty() {
    this.#empty.hidden = this.#over || !this.#log.empty || this.#log.node.querySelector(".unsent") !== null;
  }

  // -- reading ------------------------------------------------------------------------------------------------------

  #onLeave = () => this.#deletions.flush();

  #onVisible = () => {
    if (!document.hidden && this.#log.atEnd) this.#markRead();
  };

  #addUnread({ mentioned }) {
    this.#unread += 1;
    this.#mentions += Number(mentioned);
    const mentions = this.#mentions ? ` · ${this.#texts.mentions(this.#mentions)}` : "";
    this.#more.textContent = `${this.#texts.new_messages(this.#unread)}${mentions} ↓`;
    this.#more.hidden = this.#log.atEnd;
    this.#emitUnread();
  }

  #markRead() {
    this.#more.hidden = true;
    if (this.#unread === 0) return;
    this.#unread = 0;
    this.#mentions = 0;
    this.#emitUnread();
  }

  #emitUnread() {
    emit(this, "mt-unread", { unread: this.#unread, mentions: this.#mentions });
  }

  // -- writing ------------------------------------------------------------------------------------------------------

  #submit(text, replyTo) {
    this.#outbox?.send(text, replyTo);
    this.#showEmpty();
    this.#log.toEnd();
  }

  #may(line) {
    const message = this.#log.message(line);
    const room = this.#over ? null : this.#together?.room;
    const stays = Boolean(message && room && !this.#deletions.has(message.id));
    const may = stays && !message.deleted && !this.#log.holds(message) && !this.#log.hides(message);
    return {
      reply: may,
      react: may,
      edit: may && mayEdit(room, message, this.#together.serverMs),
      delete: stays && mayDelete(room, message),
    };
  }

  #carryOut(action, line, emoji) {
    const message = this.#log.message(line);
    if (action === "reply") this.#composer.replyTo(message);
    else if (action === "edit") this.#composer.edit(message);
    else if (action === "react") this.#together.reactToMessage(message.id, emoji).catch(() => {});
    else this.#deletions.add(message.id);
  }
}

export { forgetTexts };

if (!customElements.get("movie-together-chat")) customElements.define("movie-together-chat", MovieTogetherChat);

/** The chat's form: the field, the message it replies to, and why nothing may be sent now. */
import { graphemes, shows } from "./chat-lines.js";
import { make } from "./look.js";
import { exemptFromSlowMode, mayWrite } from "../core/permissions.js";
import { isolated } from "./phrases.js";

/** The counter is shown from this part of the limit on. */
const COUNTER_FROM = 0.8;
const DEFAULT_LIMIT = 500;

/** The others are told that this viewer is typing at most this often. */
const TYPING_EVERY_MS = 3_000;
const TICK_MS = 500;

const HANDLED_BY_INPUT_METHOD = 229;

export class Composer {
  node;
  #texts;
  #together;
  #on;
  #reply = null;
  #edited = null;
  #typedAtMs = -Infinity;
  #timer = null;
  #field;
  #send;
  #hint = make("p", { id: "hint", class: "hint", role: "status" });
  #notice = make("p", { id: "notice", class: "hint", hidden: true });
  #quote = make("div", { class: "reply", hidden: true });

  /** `together()` returns the <movie-together>; `on` is {submit(text, replyTo), edit(id, text), draft(text), resized()}. */
  constructor({ texts, together, on }) {
    this.#texts = texts;
    this.#together = together;
    this.#on = on;
    this.#field = make("textarea", {
      rows: 1, placeholder: texts.placeholder, "aria-label": texts.message, "aria-describedby": "hint notice", dir: "auto",
      enterkeyhint: "send", autocomplete: "off",
    });
    this.#send = make("button", { type: "submit", class: "send", "aria-label": texts.send, title: texts.send, disabled: true }, "↑");
    this.node = make("form", { class: "write", part: "write" }, this.#quote,
      make("div", { class: "row" }, this.#field, this.#send), this.#hint, this.#notice);
    this.#field.addEventListener("input", () => {
      if (!this.#edited) this.#on.draft(this.#field.value);
      this.refresh();
      this.#tellTyping();
    });
    this.#field.addEventListener("keydown", (event) => this.#onKey(event));
    this.node.addEventListener("submit", (event) => this.#onSubmit(event));
  }

  /** Put a stored draft into the field. */
  restore(draft) {
    this.#field.value = draft;
    this.refresh();
  }

  /** Take the focus. @param {FocusOptions} [options] */
  focus(options) {
    this.#field.focus(options);
  }

  /** Make the next message a reply to `message`, or to none (null). */
  replyTo(message) {
    if (this.#edited) this.#endEdit();
    this.#reply = message;
    this.#showAbove(message && this.#texts.replying_to(isolated(message.author.name)), message, this.#texts.cancel_reply);
  }

  /** Put a message into the field to be written anew; the draft comes back afterwards. */
  edit(message) {
    const draft = this.#edited?.draft ?? this.#field.value;
    this.replyTo(null);
    this.#edited = { message, draft };
    this.#field.value = message.text;
    this.#showAbove(this.#texts.editing, message, this.#texts.cancel_edit);
    this.refresh();
  }

  #endEdit() {
    this.#field.value = this.#edited.draft;
    this.#edited = null;
    this.#showAbove(null);
    this.refresh();
  }

  /** Show above the field what is being done with a message, with a button to cancel it; nothing without a message. */
  #showAbove(what, message = null, cancelling = "") {
    this.#quote.hidden = !message;
    if (message) {
      const cancel = make("button", { type: "button", class: "plain", "aria-label": cancelling, title: cancelling }, "✕");
      cancel.addEventListener("click", () => this.replyTo(null));
      this.#quote.replaceChildren(make("p", {}, make("b", {}, what), " ", make("span", { dir: "auto" }, message.text)), cancel);
      this.#field.focus();
    }
    this.#on.resized();
  }

  /** Cancel a reply to a message that was deleted, or its editing. */
  onDeleted(id) {
    if ((this.#reply ?? this.#edited?.message)?.id === id) this.replyTo(null);
  }

  /** Show anew what may be sent, after the text, the room, the viewer's permissions or the time has changed. */
  refresh() {
    clearTimeout(this.#timer);
    const text = this.#field.value;
    const { length, limit } = this.#lengthOf(text.trim());
    const tooLong = length > limit;
    this.#field.style.height = "auto";
    this.#field.style.height = `${this.#field.scrollHeight + 2}px`;
    this.#field.disabled = !mayWrite(this.#together()?.room);
    this.#field.setAttribute("aria-invalid", String(tooLong));
    this.#hint.classList.toggle("alarm", tooLong);
    if (tooLong) this.#hint.textContent = this.#texts.too_long(length, limit);
    else this.#hint.textContent = length > limit * COUNTER_FROM ? this.#texts.left_of(length, limit) : "";
    const { waitMs, notice } = this.#sendBlock();
    this.#notice.hidden = !notice;
    if (notice) this.#notice.textContent = notice;
    this.#send.disabled = tooLong || !shows(text) || this.#field.disabled || (waitMs > 0 && !this.#edited);
    if (waitMs > 0) this.#timer = setTimeout(() => this.refresh(), TICK_MS);
    this.#on.resized();
  }

  /** Return how long a text is and may be, as a reader counts, or in code points where it has too many of those. */
  #lengthOf(text) {
    const { text_graphemes: limit = DEFAULT_LIMIT, text_code_points: codePoints = Infinity } = this.#together()?.room?.limits ?? {};
    const length = graphemes(text);
    const count = [...text].length;
    return length <= limit && count > codePoints ? { length: count, limit: codePoints } : { length, limit };
  }

  /** Return how long nothing may be sent yet, and the notice about it: {waitMs, notice}. */
  #sendBlock() {
    const together = this.#together();
    const room = together?.room;
    if (!room?.you) return { waitMs: 0, notice: null };
    if (!mayWrite(room)) return { waitMs: 0, notice: this.#texts.guests_watch };
    const mutedMs = together.mutedForMs;
    if (mutedMs > 0) return { waitMs: mutedMs, notice: this.#texts.muted_for(readableDuration(mutedMs, this.#texts)) };
    const slowMs = exemptFromSlowMode(room) ? 0 : (room.room.settings?.slow_mode_s ?? 0) * 1000;
    if (!slowMs) return { waitMs: 0, notice: null };
    const last = room.messages.findLast(({ author }) => author.id === room.you.id);
    const waitMs = last ? Math.max(0, last.sent_ms + slowMs - together.serverMs) : 0;
    const notice = waitMs > 0 ? this.#texts.slow_mode_for(Math.ceil(waitMs / 1000)) : this.#texts.slow_mode_on(slowMs / 1000);
    return { waitMs, notice };
  }

  #tellTyping() {
    const now = performance.now();
    if (!this.#field.value.trim() || now - this.#typedAtMs < TYPING_EVERY_MS || this.#sendBlock().waitMs > 0) return;
    this.#typedAtMs = now;
    this.#together()?.typing();
  }

  #onKey(event) {
    if (event.key === "Escape" && (this.#reply || this.#edited)) return this.replyTo(null);
    // An Enter that ends the composition of a character (Chinese, Japanese, …) belongs to the input method. Safari sends it after
    // `compositionend`, with the key code of a key that the input method has handled (UI Events, 7.3.1).
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === HANDLED_BY_INPUT_METHOD) return undefined;
    event.preventDefault();
    return this.node.requestSubmit();
  }

  #onSubmit(event) {
    event.preventDefault();
    this.refresh();
    const text = this.#field.value.trim();
    if (this.#send.disabled || !text) return;
    if (this.#edited) {
      const { id } = this.#edited.message;
      this.#on.edit(id, text).then(() => this.#edited?.message.id === id && this.#endEdit(), () => {}); // <movie-together> shows the refusal
      return;
    }
    this.#field.value = "";
    this.#on.draft("");
    this.#typedAtMs = -Infinity;
    this.#on.submit(text, this.#reply?.id ?? null);
    this.replyTo(null);
    this.refresh();
    this.#field.focus();
  }
}

/** Return a duration as "4:05" or "12 s". */
function readableDuration(ms, texts) {
  const s = Math.ceil(ms / 1000);
  return s < 60 ? texts.seconds(s) : `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
}

/** Where one writes: the field, what it replies to, and why nothing can be sent just now. */
import { graphemes } from "./chat-lines.js";
import { make } from "./look.js";
import { speaksFreely } from "../core/permissions.js";
import { isolated } from "./phrases.js";

/** The counter shows from this part of the limit on. */
const COUNTS_FROM = 0.8;
const DEFAULT_LIMIT = 500;

/** The others hear that one is writing at most this often. */
const TYPING_EVERY_MS = 3_000;
const TICK_MS = 500;

export class Composer {
  node;
  #texts;
  #together;
  #heard;
  #reply = null;
  #typedAtMs = -Infinity;
  #timer = null;
  #field;
  #send;
  #hint = make("p", { id: "hint", class: "hint", role: "status" });
  #notice = make("p", { id: "notice", class: "hint", hidden: true });
  #quote = make("div", { class: "reply", hidden: true });

  /** `together()` gives the <movie-together>; `heard` takes {submit(text, replyTo), draft(text), resized()}. */
  constructor({ texts, together, heard }) {
    this.#texts = texts;
    this.#together = together;
    this.#heard = heard;
    this.#field = make("textarea", {
      rows: 1, placeholder: texts.placeholder, "aria-label": texts.message, "aria-describedby": "hint notice", dir: "auto",
      enterkeyhint: "send", autocomplete: "off",
    });
    this.#send = make("button", { type: "submit", class: "send", "aria-label": texts.send, title: texts.send, disabled: true }, "↑");
    this.node = make("form", { class: "write", part: "write" }, this.#quote,
      make("div", { class: "row" }, this.#field, this.#send), this.#hint, this.#notice);
    this.#field.addEventListener("input", () => {
      this.refresh();
      this.#tellTyping();
    });
    this.#field.addEventListener("keydown", (event) => this.#onKey(event));
    this.node.addEventListener("submit", (event) => this.#onSubmit(event));
  }

  restore(draft) {
    this.#field.value = draft;
    this.refresh();
  }

  /** What one writes next replies to this message; null: to none. */
  replyTo(message) {
    this.#reply = message;
    this.#quote.hidden = !message;
    if (message) {
      const cancel = make("button", { type: "button", class: "plain", "aria-label": this.#texts.cancel_reply, title: this.#texts.cancel_reply }, "✕");
      cancel.addEventListener("click", () => this.replyTo(null));
      this.#quote.replaceChildren(make("p", {}, make("b", {}, this.#texts.replying_to(isolated(message.author.name))), " ", make("span", { dir: "auto" }, message.text)), cancel);
      this.#field.focus();
    }
    this.#heard.resized();
  }

  /** The message is gone: nobody replies to it any more. */
  gone(id) {
    if (this.#reply?.id === id) this.replyTo(null);
  }

  /** Looks anew at what may be sent: the text, the room or one's rights have changed, or time has passed. */
  refresh() {
    clearTimeout(this.#timer);
    const text = this.#field.value;
    const length = graphemes(text.trim());
    const limit = this.#together()?.room?.limits?.text_graphemes ?? DEFAULT_LIMIT;
    const tooLong = length > limit;
    this.#field.style.height = "auto";
    this.#field.style.height = `${this.#field.scrollHeight + 2}px`;
    this.#field.setAttribute("aria-invalid", String(tooLong));
    this.#hint.classList.toggle("alarm", tooLong);
    if (tooLong) this.#hint.textContent = this.#texts.too_long(length, limit);
    else this.#hint.textContent = length > limit * COUNTS_FROM ? this.#texts.left_of(length, limit) : "";
    const { waitMs, words } = this.#held();
    this.#notice.hidden = !words;
    if (words) this.#notice.textContent = words;
    this.#send.disabled = tooLong || length === 0 || waitMs > 0;
    if (waitMs > 0) this.#timer = setTimeout(() => this.refresh(), TICK_MS);
    this.#heard.draft(text);
    this.#heard.resized();
  }

  /** How long nothing may be sent yet, and what is said about it. */
  #held() {
    const together = this.#together();
    const room = together?.room;
    if (!room?.you) return { waitMs: 0, words: null };
    const mutedMs = together.mutedForMs;
    if (mutedMs > 0) return { waitMs: mutedMs, words: this.#texts.muted_for(minutes(mutedMs, this.#texts)) };
    const slowMs = speaksFreely(room) ? 0 : (room.room.settings?.slow_mode_s ?? 0) * 1000;
    if (!slowMs) return { waitMs: 0, words: null };
    const last = room.messages.findLast(({ author }) => author.id === room.you.id);
    const waitMs = last ? Math.max(0, last.sent_ms + slowMs - together.serverMs) : 0;
    const words = waitMs > 0 ? this.#texts.slow_mode_for(Math.ceil(waitMs / 1000)) : this.#texts.slow_mode_on(slowMs / 1000);
    return { waitMs, words };
  }

  #tellTyping() {
    const now = performance.now();
    if (!this.#field.value.trim() || now - this.#typedAtMs < TYPING_EVERY_MS || this.#held().waitMs > 0) return;
    this.#typedAtMs = now;
    this.#together()?.typing();
  }

  #onKey(event) {
    if (event.key === "Escape" && this.#reply) return this.replyTo(null);
    // Enter that ends the writing of a composed character (Chinese, Japanese, …) belongs to the input method.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return undefined;
    event.preventDefault();
    return this.node.requestSubmit();
  }

  #onSubmit(event) {
    event.preventDefault();
    this.refresh();
    const text = this.#field.value.trim();
    if (this.#send.disabled || !text) return;
    this.#field.value = "";
    this.#typedAtMs = -Infinity;
    this.#heard.submit(text, this.#reply?.id ?? null);
    this.replyTo(null);
    this.refresh();
    this.#field.focus();
  }
}

/** "4:05" or "12 s". */
function minutes(ms, texts) {
  const s = Math.ceil(ms / 1000);
  return s < 60 ? texts.seconds(s) : `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
}

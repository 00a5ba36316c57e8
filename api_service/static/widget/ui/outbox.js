/** Messages being sent: shown at once, sent under an id so that a repetition is not posted twice, and offered again after a failure. */
import { randomId } from "../core/commands.js";
import { make } from "./look.js";
import { Unsent } from "../core/unsent.js";
import { refusalPhrase } from "./phrases.js";

/** Refusals after which sending again now is no use. */
const NOT_RETRIABLE = new Set(["closed", "room_closed", "banned", "revoked", "guests_off"]);

/** Refusals whose phrase is shown beside the message. */
const EXPLAINED = new Set(["muted", "slow_mode"]);

export class Outbox {
  #list;
  #texts;
  #say;
  #unsent;

  /**
   * `list` is the parent of the lines; `say(text, {id, replyTo})` returns a promise of the room's answer; `person` and `room` are the ids of
   * whose texts these are and for which room.
   */
  constructor({ list, texts, say, person, room }) {
    this.#list = list;
    this.#texts = texts;
    this.#say = say;
    this.#unsent = new Unsent({ person, room });
    for (const entry of this.#unsent.entries) this.#show(entry, { send: this.#unsent.repeatable(entry) });
  }

  /** The stored draft of the composer. */
  get draft() {
    return this.#unsent.draft;
  }

  set draft(text) {
    this.#unsent.draft = text;
  }

  /** Take the lines from the list; what they say stays stored for its author. */
  close() {
    for (const line of this.#list.querySelectorAll(".unsent")) line.remove();
  }

  /** Show a message and send it. */
  send(text, replyTo) {
    const entry = { id: randomId(), text, at: Date.now(), ...(replyTo ? { replyTo } : {}) };
    this.#unsent.put(entry);
    this.#show(entry, { send: true });
  }

  /** Remove a message that the room has, since its own line replaces it, or that was discarded. */
  settle(id) {
    this.#unsent.remove(id);
    this.#list.querySelector(`[data-command="${CSS.escape(id)}"]`)?.remove();
  }

  /** Show a message that the room does not have yet, and send it or offer to. */
  #show(entry, { send }) {
    const state = make("span", { class: "state" });
    const node = make("li", { class: "said mine unsent", "data-command": entry.id }, make("p", { dir: "auto" }, entry.text), state);
    this.#list.append(node);
    if (send) this.#trySend(entry, state);
    else this.#offer(entry, state, this.#texts.unsent);
  }

  async #trySend(entry, state) {
    state.replaceChildren(this.#texts.sending);
    try {
      await this.#say(entry.text, { id: entry.id, replyTo: entry.replyTo });
      this.settle(entry.id);
    } catch (refusal) {
      if (NOT_RETRIABLE.has(refusal.code)) state.replaceChildren(this.#texts.unsent);
      else this.#offer(entry, state, this.#explain(refusal));
    }
  }

  #explain(refusal) {
    if (refusal.code === "text_too_long") return this.#texts.unsent_too_long;
    if (!EXPLAINED.has(refusal.code)) return this.#texts.unsent;
    return `${this.#texts.unsent} ${refusalPhrase(refusal, this.#texts)}`;
  }

  #offer(entry, state, why) {
    const retry = make("button", { type: "button" }, this.#texts.retry);
    const discard = make("button", { type: "button" }, this.#texts.discard);
    retry.addEventListener("click", () => {
      this.settle(entry.id);
      this.send(entry.text, entry.replyTo);
    });
    discard.addEventListener("click", () => this.settle(entry.id));
    state.replaceChildren(why, " ", retry, discard);
  }
}

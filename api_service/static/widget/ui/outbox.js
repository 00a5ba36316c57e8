/** Texts on their way: shown at once, sent under an id that makes repeating harmless, offered again when they did not arrive. */
import { randomId } from "../core/commands.js";
import { make } from "./look.js";
import { Unsent } from "../core/unsent.js";
import { refusalWords } from "./phrases.js";

const LATER = new Set(["closed", "room_closed", "banned"]);
const OWN_WORDS = new Set(["muted", "slow_mode"]);

export class Outbox {
  #list;
  #texts;
  #say;
  #unsent;

  /** `list` takes the lines; `say(text, {id, replyTo})` settles once the room has the text. */
  constructor({ list, texts, say, room }) {
    this.#list = list;
    this.#texts = texts;
    this.#say = say;
    this.#unsent = new Unsent(globalThis.sessionStorage, room);
    for (const entry of this.#unsent.all) this.#show(entry, { again: this.#unsent.repeatable(entry, Date.now()) });
  }

  get draft() {
    return this.#unsent.draft;
  }

  set draft(text) {
    this.#unsent.draft = text;
  }

  send(text, replyTo) {
    const entry = { id: randomId(), text, at: Date.now(), ...(replyTo ? { replyTo } : {}) };
    this.#unsent.put(entry);
    this.#show(entry, { again: true });
  }

  /** The room has it: its own line takes the place. */
  settle(id) {
    this.#unsent.remove(id);
    this.#list.querySelector(`[data-command="${CSS.escape(id)}"]`)?.remove();
  }

  /** Shows a text that the room does not have yet, and sends it (`again`) or offers to. */
  #show(entry, { again }) {
    const state = make("span", { class: "state" });
    const node = make("li", { class: "said mine unsent", "data-command": entry.id }, make("p", { dir: "auto" }, entry.text), state);
    this.#list.append(node);
    if (again) this.#try(entry, state);
    else this.#offer(entry, state, this.#texts.unsent);
  }

  async #try(entry, state) {
    state.replaceChildren(this.#texts.sending);
    try {
      await this.#say(entry.text, { id: entry.id, replyTo: entry.replyTo });
      this.settle(entry.id);
    } catch (refusal) {
      if (LATER.has(refusal.code)) state.replaceChildren(this.#texts.unsent);
      else this.#offer(entry, state, this.#why(refusal));
    }
  }

  #why(refusal) {
    if (refusal.code === "text_too_long") return this.#texts.unsent_too_long;
    if (!OWN_WORDS.has(refusal.code)) return this.#texts.unsent;
    return `${this.#texts.unsent} ${refusalWords(refusal, this.#texts)}`;
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

/** The line that says who is typing. */
import { make } from "./look.js";
import { isolated } from "./phrases.js";

/** A typing signal counts this long; it is repeated every three seconds while somebody types. */
const LASTS_MS = 5_000;

/** More people than this are not named. */
const NAMED_AT_MOST = 3;

export class Typists {
  node = make("p", { class: "typists" });
  #texts;
  #nameOf;
  #timers = new Map();

  /** `nameOf(id)` returns a member's name, or undefined. */
  constructor({ texts, nameOf }) {
    this.#texts = texts;
    this.#nameOf = nameOf;
  }

  /** Note a typing signal. */
  started(id) {
    clearTimeout(this.#timers.get(id));
    this.#timers.set(id, setTimeout(() => this.stopped(id), LASTS_MS));
    this.#show();
  }

  /** Note that somebody has sent the message or left. */
  stopped(id) {
    clearTimeout(this.#timers.get(id));
    if (this.#timers.delete(id)) this.#show();
  }

  /** Note that nobody is typing any more. */
  clear() {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    this.#show();
  }

  #show() {
    const names = [...this.#timers.keys()].map((id) => isolated(this.#nameOf(id) ?? this.#texts.someone));
    const { is_typing: one, are_typing: some, many_type: many, lang } = this.#texts;
    const list = () => new Intl.ListFormat(lang, { type: "conjunction" }).format(names);
    this.node.textContent = names.length === 0 ? "" : names.length === 1 ? one(names[0]) : names.length <= NAMED_AT_MOST ? some(list()) : many;
  }
}

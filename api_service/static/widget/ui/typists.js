/** Who is writing just now. */
import { make } from "./look.js";
import { isolated } from "./phrases.js";

/** Somebody who goes on writing tells it every three seconds. */
const LASTS_MS = 5_000;

const NAMED_MOST = 3;

export class Typists {
  node = make("p", { class: "typists" });
  #texts;
  #nameOf;
  #timers = new Map();

  constructor({ texts, nameOf }) {
    this.#texts = texts;
    this.#nameOf = nameOf;
  }

  heard(id) {
    clearTimeout(this.#timers.get(id));
    this.#timers.set(id, setTimeout(() => this.gone(id), LASTS_MS));
    this.#show();
  }

  /** They have said it, or left. */
  gone(id) {
    clearTimeout(this.#timers.get(id));
    if (this.#timers.delete(id)) this.#show();
  }

  #show() {
    const names = [...this.#timers.keys()].map((id) => isolated(this.#nameOf(id) ?? this.#texts.someone));
    const { is_typing: one, are_typing: some, many_type: many, lang } = this.#texts;
    const list = () => new Intl.ListFormat(lang, { type: "conjunction" }).format(names);
    this.node.textContent = names.length === 0 ? "" : names.length === 1 ? one(names[0]) : names.length <= NAMED_MOST ? some(list()) : many;
  }
}

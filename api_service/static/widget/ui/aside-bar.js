/** The bar over the film of a viewer who is aside: why, and the way back to the others. */
import { make } from "./look.js";

export const ASIDE_CSS = `
  .aside { pointer-events: auto; border-radius: .9rem; flex-wrap: wrap; justify-content: center; gap: 0 .6rem; }
  .aside button { border: 0; min-height: 2.75rem; padding: .25rem .5rem; background: none; color: inherit; font-weight: 600; white-space: nowrap; }
`;

export class AsideBar {
  #texts;
  #on;
  #shown = "";
  #text = make("span", { role: "status" });
  #faster;
  #bar;

  /** `top` is its parent; `onBack({faster})` is called for its buttons. */
  constructor(top, { texts, onBack }) {
    this.#texts = texts;
    this.#on = onBack;
    const now = this.#button(texts.back_now, { faster: false });
    this.#faster = this.#button(texts.back_faster, { faster: true });
    this.#bar = make("div", { class: "pill aside", part: "aside", hidden: true }, this.#text, this.#faster, now);
    this.#bar.style.display = "none"; // .pill sets a display, which `hidden` does not overrule
    top.append(this.#bar);
  }

  /** Show {reason, catchingUp}, or nothing (null). */
  show(aside) {
    const text = aside ? (aside.catchingUp ? this.#texts.catching_up : this.#texts.aside_here[aside.reason]) : "";
    if (text === this.#shown) return;
    this.#shown = text;
    this.#text.textContent = text;
    this.#bar.hidden = !aside;
    this.#bar.style.display = aside ? "" : "none";
    this.#faster.hidden = !aside || aside.catchingUp || !["rewatch", "alone"].includes(aside.reason);
  }

  #button(text, options) {
    const button = make("button", { type: "button" }, text);
    button.addEventListener("click", () => this.#on(options));
    return button;
  }
}

/** Reactions that float over the film. */
import { make } from "./look.js";

export const FLOATING_CSS = `
  .floating { position: absolute; inset: 0; overflow: hidden; pointer-events: none; }
  .floating span {
    position: absolute; bottom: 18%; display: grid; justify-items: center; font-size: clamp(1.6rem, 5vw, 2.6rem); line-height: 1.1;
    color: #f1eee8; animation: float 3.2s ease-out forwards;
  }
  .floating small {
    max-width: 7rem; padding: .05rem .45rem; border-radius: 999px; background: rgb(8 9 13 / .72); color: #f1eee8; font-size: .75rem;
    overflow: hidden; text-overflow: ellipsis; white-space: nowrap;
  }
  @keyframes float {
    0% { opacity: 0; translate: 0 1rem; scale: .6; }
    12% { opacity: 1; translate: 0 0; scale: 1; }
    70% { opacity: 1; }
    100% { opacity: 0; translate: var(--sway, 0) -11rem; }
  }
  @media (prefers-reduced-motion: reduce) {
    .floating span { animation: shown 2.6s linear forwards; }
    @keyframes shown { 0%, 80% { opacity: 1; } 100% { opacity: 0; } }
  }
`;

/** More than this at a time would hide the film; the oldest are removed. */
export const FLOATING_MOST = 24;

/** Their places in turn, in per cent from the film's right edge (left in right-to-left scripts), so that they do not overlap. */
const LANES = [14, 30, 6, 22, 38];

export class Floating {
  #shown = 0;
  #layer = make("div", { class: "floating", part: "reactions", "aria-hidden": "true" });

  constructor(over) {
    over.append(this.#layer);
  }

  /** Let an emoji float by with the name of its sender. */
  show(emoji, name) {
    const node = make("span", {}, emoji, make("small", { dir: "auto" }, name));
    node.style.insetInlineEnd = `${LANES[this.#shown % LANES.length]}%`;
    node.style.setProperty("--sway", `${Math.round((Math.random() - 0.5) * 60)}px`);
    this.#shown += 1;
    node.addEventListener("animationend", () => node.remove());
    this.#layer.append(node);
    while (this.#layer.childElementCount > FLOATING_MOST) this.#layer.firstElementChild.remove();
  }
}

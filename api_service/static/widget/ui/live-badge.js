/** At a broadcast: whether the room watches the live edge, how far behind it is, and the button that takes everyone there. */
import { make } from "./look.js";
import { readablePosition } from "../core/timeline.js";

export const LIVE_CSS = `
  .live { position: absolute; inset-block-start: var(--mt-top, .75rem); inset-inline-end: .75rem; display: grid; gap: .4rem; justify-items: end; }
  .live .pill { max-width: 16rem; }
  .live button.pill { min-height: 2.75rem; pointer-events: auto; border: 0; font-weight: 600; }
  .live .at-edge::before { content: ""; width: .55rem; height: .55rem; border-radius: 50%; background: #e5484d; }
`;

/** A room that is behind by less than this is live: players differ by a segment in what they know. */
const LIVE_WITHIN_MS = 5_000;

export class LiveBadge {
  #texts;
  #node;
  #where = make("div", { class: "pill", part: "live" });
  #button;

  /** `parent` is the layer over the film; `onToEdge()` is called for the button. */
  constructor(parent, { texts, onToEdge }) {
    this.#texts = texts;
    this.#button = make("button", { type: "button", class: "pill", part: "to-live" }, texts.to_live);
    this.#button.addEventListener("click", onToEdge);
    this.#node = make("div", { class: "live", hidden: true }, this.#where, this.#button);
    parent.append(this.#node);
  }

  /** Show a broadcast ({dated, behindMs}, see core/player.js), with the button if the viewer `mayControl`; null hides all. */
  show(broadcast, { mayControl = false } = {}) {
    this.#node.hidden = !broadcast;
    if (!broadcast) return;
    const { dated, behindMs } = broadcast;
    const atEdge = behindMs < LIVE_WITHIN_MS;
    const text = !dated ? this.#texts.undated : atEdge ? this.#texts.live : this.#texts.behind_live(readablePosition(behindMs));
    if (this.#where.textContent !== text) this.#where.textContent = text;
    this.#where.classList.toggle("at-edge", dated && atEdge);
    this.#button.hidden = atEdge || !mayControl;
  }
}

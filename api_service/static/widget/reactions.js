/** <movie-together-reactions for="id of the <movie-together>">: a bar of emoji; a press lets one float over everyone's film. */
import { adoptStyles, make } from "./ui/look.js";
import { mayWrite } from "./core/permissions.js";
import { textsFor } from "./ui/translations.js";
import { companionOf } from "./ui/companion.js";

const EMOJI = ["😂", "❤️", "😮", "😢", "👏", "🔥"];

const CSS = `
  :host { display: block; }
  div { display: flex; gap: .15rem; justify-content: center; }
  button {
    width: 2.75rem; height: 2.75rem; border: 0; border-radius: 50%; padding: 0; background: none; font-size: 1.35rem; line-height: 1;
    transition: transform .12s;
  }
  button:hover { background: var(--_raised); }
  button:active { transform: scale(1.25); }
  button:disabled { opacity: .4; }
  @media (prefers-reduced-motion: reduce) { button, button:active { transition: none; transform: none; } }
`;

export class MovieTogetherReactions extends HTMLElement {
  #companion = companionOf(this, { "mt-status": () => this.#updateDisabled(), "mt-room": () => this.#updateDisabled(), "mt-event": () => this.#updateDisabled() });
  #buttons = [];

  constructor() {
    super();
    this.attachShadow({ mode: "open" });
  }

  connectedCallback() {
    if (this.#buttons.length === 0) this.#build();
    this.#companion.bind();
  }

  disconnectedCallback() {
    this.#companion.release();
  }

  #build() {
    const texts = textsFor(this);
    adoptStyles(this.shadowRoot, CSS);
    this.#buttons = (this.getAttribute("emoji")?.split(/\s+/) ?? EMOJI).map((emoji) => {
      const button = make("button", { type: "button", "aria-label": texts.react(emoji), title: texts.react(emoji), disabled: true }, emoji);
      button.addEventListener("click", () => this.#companion.together?.react(emoji));
      return button;
    });
    this.shadowRoot.append(make("div", { role: "group", "aria-label": texts.reactions, part: "reactions" }, ...this.#buttons));
  }

  #updateDisabled() {
    const { together } = this.#companion;
    const allowed = Boolean(together?.live) && (together.mutedForMs ?? 0) === 0 && mayWrite(together.room);
    for (const button of this.#buttons) button.disabled = !allowed;
  }
}

if (!customElements.get("movie-together-reactions")) customElements.define("movie-together-reactions", MovieTogetherReactions);

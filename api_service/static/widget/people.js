/** <movie-together-people for="id of the <movie-together>">: who is in the room. */
import { COLOURS, colourOf } from "./lines.js";
import { dress, make } from "./look.js";
import { NAMES_CSS } from "./names-look.js";
import { textsFor } from "./texts.js";

const CSS = `
  :host { display: block; min-width: 0; font-size: .875rem; }
  ul { list-style: none; margin: 0; padding: 0; display: flex; flex-wrap: wrap; gap: .4rem; max-height: 8.5rem; overflow-y: auto; }
  li {
    display: flex; align-items: center; gap: .4rem; max-width: 100%; padding: .2rem .7rem .2rem .2rem; border-radius: 999px;
    background: var(--mt-raised, #20242f);
  }
  li.loading .face { border-style: dotted; animation: wait 1.6s ease-in-out infinite; }
  @keyframes wait { 50% { opacity: .4; } }
  @media (prefers-reduced-motion: reduce) { li.loading .face { animation: none; } }
  .face {
    flex: none; width: 1.7rem; height: 1.7rem; border-radius: 50%; display: grid; place-items: center; font-weight: 700;
    font-size: .8rem; border: 2px solid currentColor;
  }
  .name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  .note { flex: none; color: var(--mt-dim, #a3a8b5); font-size: .8125rem; }
  .nobody { margin: 0; color: var(--mt-dim, #a3a8b5); }
  @media (max-width: 40rem) {
    ul { flex-wrap: nowrap; max-height: none; overflow-x: auto; scrollbar-width: none; }
    li { flex: none; max-width: 14rem; }
  }
  ${NAMES_CSS}
`;

export class MovieTogetherPeople extends HTMLElement {
  #together = null;
  #texts;

  constructor() {
    super();
    this.attachShadow({ mode: "open" });
  }

  connectedCallback() {
    this.#texts = textsFor(this);
    dress(this.shadowRoot, CSS);
    const bind = () => this.#bind(this.getRootNode().getElementById?.(this.getAttribute("for")) ?? null);
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", bind, { once: true });
    else bind();
  }

  disconnectedCallback() {
    this.#bind(null);
  }

  #bind(together) {
    this.#together?.removeEventListener("mt-members", this.#onMembers);
    together?.addEventListener("mt-members", this.#onMembers);
    this.#together = together;
    this.#show(together?.room?.members ?? [], together?.room?.you);
  }

  #onMembers = ({ detail: { members, you } }) => this.#show(members, you);

  #show(members, you) {
    if (members.length === 0) {
      this.shadowRoot.replaceChildren(make("p", { class: "nobody" }, this.#texts.nobody));
      return;
    }
    // Oneself first, then in the order of coming.
    const sorted = [...members].sort((a, b) => Number(b.id === you?.id) - Number(a.id === you?.id));
    const list = make("ul", { "aria-label": this.#texts.here, part: "people" }, ...sorted.map((member) => this.#chip(member, you)));
    this.shadowRoot.replaceChildren(list);
  }

  #chip(member, you) {
    const note = member.id === you?.id ? this.#texts.you : member.role === "owner" ? this.#texts.owner : null;
    const loading = member.ready ? null : make("span", { class: "visually-hidden" }, `, ${this.#texts.not_ready}`);
    const [initial] = member.name.trim() || "?";
    return make("li", { class: member.ready ? "" : "loading", "data-member": member.id, title: member.ready ? null : this.#texts.not_ready },
      make("span", { class: `face c${colourOf(member.id) % COLOURS}`, "aria-hidden": "true" }, initial.toUpperCase()),
      make("span", { class: "name", dir: "auto" }, member.name),
      note ? make("span", { class: "note" }, note) : null, loading);
  }
}

if (!customElements.get("movie-together-people")) customElements.define("movie-together-people", MovieTogetherPeople);

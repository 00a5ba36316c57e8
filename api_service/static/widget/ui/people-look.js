/** The style sheet of <movie-together-people>. */
import { NAMES_CSS } from "./name-colours.js";

export const PEOPLE_CSS = `
  :host { display: block; min-width: 0; font-size: .875rem; }
  ul { list-style: none; margin: 0; padding: 0; display: flex; flex-wrap: wrap; gap: .4rem; max-height: 8.5rem; overflow-y: auto; }
  li { max-width: 100%; }
  .chip {
    display: flex; align-items: center; gap: .4rem; max-width: 100%; min-height: 2.75rem; padding: .2rem .8rem .2rem .5rem; border: 0; border-radius: 999px;
    background: var(--_raised); text-align: start;
  }
  button.chip:hover, .chip[aria-expanded="true"] { box-shadow: inset 0 0 0 1px var(--_field-edge); }
  .chip:focus-visible { outline-offset: -2px; }
  li.loading .face { border-style: dotted; animation: wait 1.6s ease-in-out infinite; }
  li.aside .chip { opacity: .7; }
  @keyframes wait { 50% { opacity: .4; } }
  @media (prefers-reduced-motion: reduce) { li.loading .face { animation: none; } }
  .face {
    flex: none; width: 1.7rem; height: 1.7rem; border-radius: 50%; display: grid; place-items: center; font-weight: 700;
    font-size: .8rem; border: 2px solid currentColor;
  }
  .name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  .note { flex: none; color: var(--_dim); font-size: .8125rem; }
  .note + .note::before { content: "·"; margin-inline-end: .4rem; }
  .nobody { margin: 0; color: var(--_dim); }
  @media (max-width: 40rem), (max-height: 30rem) {
    ul { flex-wrap: nowrap; max-height: none; overflow-x: auto; scrollbar-width: none; }
    li { flex: none; max-width: 16rem; }
  }
  ${NAMES_CSS}
`;

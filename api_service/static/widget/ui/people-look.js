/**
 * The style sheet of <movie-together-people>.
 *
 * --mt-people-height: how high the list may be; it ends with a whole row.
 */
import { NAMES_CSS } from "./name-colours.js";

export const PEOPLE_CSS = `
  :host { display: block; min-width: 0; font-size: .875rem; --_row: 3.25rem; }
  .count { margin: 0; min-height: 1.75rem; font-weight: 600; }
  .search { width: 100%; min-height: 2.75rem; margin: .25rem 0 .4rem; padding: .4rem .8rem; border: 1px solid var(--_field-edge); border-radius: .7rem; background: none; color: inherit; font: inherit; }
  .search::placeholder { color: var(--_dim); opacity: 1; }
  ul {
    list-style: none; margin: 0 -.5rem; padding: 0; overflow-y: auto; overscroll-behavior: contain; scroll-snap-type: y mandatory;
    max-height: 16.25rem; max-height: max(var(--_row), round(down, var(--mt-people-height, 16.25rem), var(--_row)));
    scrollbar-width: thin; scrollbar-color: var(--_field-edge) transparent;
  }
  li { height: var(--_row); scroll-snap-align: start; }
  .row { display: flex; align-items: center; gap: .65rem; width: 100%; height: 100%; padding: .25rem .5rem; border: 0; border-radius: .7rem; background: none; text-align: start; }
  button.row:hover, .row[aria-expanded="true"] { background: var(--_raised); }
  .row:focus-visible { outline-offset: -2px; }
  .face {
    flex: none; width: 2.25rem; height: 2.25rem; border-radius: 50%; display: grid; place-items: center; font-weight: 700;
    font-size: .8125rem; border: 2px solid currentColor; background: var(--_raised);
  }
  .who { flex: 1; min-width: 0; display: grid; line-height: 1.3; }
  .name, .note { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  .name { font-weight: 550; }
  .note { color: var(--_dim); font-size: .8125rem; }
  li.loading .face { border-style: dotted; animation: wait 1.6s ease-in-out infinite; }
  li:is(.aside, .missing) .face { background: none; border-style: dashed; }
  @keyframes wait { 50% { opacity: .4; } }
  @media (prefers-reduced-motion: reduce) { li.loading .face { animation: none; } }
  .nobody { margin: 0; color: var(--_dim); }
  ${NAMES_CSS}
`;

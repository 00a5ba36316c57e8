/** The style sheet of <movie-together-chat>. */
import { NAMES_CSS } from "./name-colours.js";

export const CHAT_CSS = `
  :host { display: flex; flex-direction: column; min-height: 0; font-size: .9375rem; line-height: 1.4; }
  .scroll { position: relative; flex: 1; min-height: 0; display: flex; flex-direction: column; }
  .log { flex: 1; min-height: 0; display: flex; flex-direction: column; }
  .list {
    list-style: none; margin: 0; padding: .75rem 1rem; flex: 1; min-height: 0; overflow-y: auto; overscroll-behavior: contain;
    overflow-anchor: none; position: relative;
    scrollbar-width: thin; scrollbar-color: var(--_edge) transparent;
  }
  .list:focus-visible { outline-offset: -2px; }
  .empty {
    position: absolute; inset: 0; display: grid; place-content: center; margin: 0; padding: 1rem; text-align: center;
    color: var(--_dim); pointer-events: none;
  }
  .older {
    position: absolute; inset-block-start: .5rem; justify-self: center; align-self: center; margin: 0; padding: .25rem .8rem; border-radius: 999px;
    background: var(--_raised); font-size: .8125rem; color: var(--_dim); pointer-events: none;
  }
  .said { position: relative; margin-top: .7rem; border-radius: .4rem; }
  .said:focus-visible { outline-offset: 3px; }
  .said.found { animation: found 1.6s ease-out; }
  @keyframes found { 0%, 40% { background: color-mix(in srgb, var(--_accent) 28%, transparent); } }
  .said.goes-on { margin-top: .1rem; }
  .said.goes-on .head { display: none; }
  .head { display: flex; gap: .5rem; align-items: baseline; }
  .name { font-weight: 600; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  .role { flex: none; padding: 0 .4rem; border-radius: .5rem; background: var(--_raised); font-size: .6875rem; color: var(--_dim); }
  .when { flex: none; font-size: .75rem; color: var(--_dim); font-variant-numeric: tabular-nums; }
  .said p { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
  .said a { color: var(--_accent); text-underline-offset: .2em; }
  .moment { border: 0; padding: 0; background: none; color: var(--_accent); font: inherit; font-variant-numeric: tabular-nums; text-decoration: underline; text-underline-offset: .2em; }
  .mention { border-radius: .3rem; background: var(--_raised); font-weight: 600; }
  .mention.mine { background: color-mix(in srgb, var(--_accent) 28%, transparent); }
  .said .deleted { color: var(--_dim); font-style: italic; }
  .undo { border: 0; min-height: 2.75rem; padding: .25rem .6rem; background: none; color: var(--_accent); font-style: normal; text-decoration: underline; text-underline-offset: .2em; }
  .quote {
    display: block; max-width: 100%; margin: .15rem 0; padding: .1rem .6rem; border: 0; border-inline-start: 3px solid currentColor; border-radius: .2rem;
    background: var(--_raised); color: var(--_dim); font-size: .8125rem; line-height: 1.5; text-align: start;
    overflow: hidden; text-overflow: ellipsis; white-space: nowrap;
  }
  .quote b { font-weight: 600; margin-inline-end: .4rem; }
  .felt { display: flex; flex-wrap: wrap; gap: .25rem; margin-top: .2rem; }
  .felt button { padding: .05rem .5rem; border: 1px solid var(--_edge); border-radius: 999px; background: none; font-size: .8125rem; font-variant-numeric: tabular-nums; }
  .felt [aria-pressed="true"] { border-color: var(--_accent); background: color-mix(in srgb, var(--_accent) 18%, transparent); }
  .actions {
    position: absolute; inset-block-start: -1.75rem; inset-inline-end: 0; display: flex; max-width: 100%; border-radius: .6rem; overflow: hidden; z-index: 1;
    background: var(--_surface); border: 1px solid var(--_edge); box-shadow: 0 .25rem .75rem rgb(0 0 0 / .3);
  }
  .goes-on .actions { inset-block-start: -2.5rem; } /* what the line says stays to be pressed: links, moments */
  .actions button { flex: 0 1 2.75rem; min-width: 1.9rem; height: 2.75rem; border: 0; padding: 0; background: none; font-size: 1rem; }
  .actions button:hover { background: var(--_raised); }
  .actions button:focus-visible { outline-offset: -2px; }
  .typists { margin: 0; padding: 0 1rem; min-height: 1.2rem; font-size: .8125rem; line-height: 1.2rem; color: var(--_dim); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  .reply { display: flex; align-items: center; gap: .25rem; margin: 0 .5rem .35rem; font-size: .8125rem; border-inline-start: 3px solid var(--_accent); padding-inline-start: .6rem; }
  .reply p { flex: 1; min-width: 0; margin: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; color: var(--_dim); }
  .reply b { color: var(--_text); font-weight: 600; }
  .plain { flex: none; width: 2.75rem; height: 2.75rem; margin: -.5rem 0; border: 0; border-radius: 50%; background: none; }
  .happened {
    margin: .6rem 0; font-size: .8125rem; color: var(--_dim); display: flex; align-items: center; gap: .6rem;
    overflow-wrap: anywhere;
  }
  .happened::before { content: ""; flex: none; width: .3rem; height: .3rem; border-radius: 50%; background: currentColor; opacity: .6; }
  .happened + .happened { margin-top: -.25rem; }
  .unsent { opacity: .8; }
  .over .unsent button { display: none; }
  .state { font-size: .8125rem; color: var(--_dim); }
  .state button {
    border: 0; background: none; min-height: 2.75rem; padding: .25rem .6rem; color: var(--_accent); text-decoration: underline;
    text-underline-offset: .2em;
  }
  .more {
    position: absolute; inset-block-end: .5rem; inset-inline-start: 50%; translate: -50%; border: 0; border-radius: 999px;
    min-height: 2.75rem; padding: .35rem 1.1rem; font-size: .8125rem; font-weight: 600; background: var(--_accent);
    color: var(--_on-accent); box-shadow: 0 .25rem 1rem rgb(0 0 0 / .35);
  }
  :host(:dir(rtl)) .more { translate: 50%; }
  .write { padding: .3rem .75rem max(.75rem, env(safe-area-inset-bottom)); border-top: 1px solid var(--_edge); }
  .row {
    display: flex; align-items: flex-end; gap: .25rem; padding: .2rem; border-radius: 1.4rem;
    background: var(--_raised); border: 1px solid var(--_field-edge);
  }
  .row:focus-within { border-color: var(--_accent); }
  textarea {
    flex: 1; min-width: 0; min-height: 2.75rem; max-height: 8rem; padding: .6rem .4rem .5rem .9rem; resize: none; border: 0; outline: 0;
    background: none; line-height: 1.4; font-size: max(1rem, 16px);
  }
  textarea:focus-visible { outline: 0; } /* the row around it shows the focus */
  textarea::placeholder { color: var(--_dim); opacity: 1; white-space: nowrap; }
  .send {
    flex: none; width: 2.75rem; height: 2.75rem; border: 0; border-radius: 50%; font-size: 1.15rem; font-weight: 700;
    background: var(--_accent); color: var(--_on-accent);
  }
  .send:disabled { background: none; color: var(--_dim); }
  .hint { margin: .35rem .5rem 0; font-size: .8125rem; color: var(--_dim); }
  .hint:empty { display: none; }
  .hint.alarm { color: var(--_alarm); }
  :host([overlay]) { text-shadow: 0 1px 3px rgb(0 0 0 / .9); }
  :host([overlay]) .list { display: flex; flex-direction: column; scrollbar-width: none; mask-image: linear-gradient(transparent, #000 20%); }
  :host([overlay]) .list > :first-child { margin-block-start: auto; }
  :host([overlay]) .list > * { flex: none; }
  :host([overlay]) .empty { display: none; }
  :host([overlay]) .write { border: 0; }
  :host([overlay]:not(:focus-within)) { pointer-events: none; }
  :host([overlay]:not(:focus-within)) .list { overflow: hidden; }
  :host([overlay]:not(:focus-within)) :is(.write, .more) { opacity: 0; }
  :host([overlay]:not(:focus-within)) :is(.said, .happened) { animation: fade-away 1s 12s forwards; }
  @keyframes fade-away { to { opacity: 0; visibility: hidden; } }
  @media (max-width: 40rem) { .list { padding-block: .35rem; } }
  ${NAMES_CSS}
`;

/** The chat's look. */
import { NAMES_CSS } from "./names-look.js";

export const CHAT_CSS = `
  :host { display: flex; flex-direction: column; min-height: 0; font-size: .9375rem; line-height: 1.4; }
  .scroll { position: relative; flex: 1; min-height: 0; display: flex; flex-direction: column; }
  .list {
    list-style: none; margin: 0; padding: .75rem 1rem; flex: 1; min-height: 0; overflow-y: auto; overscroll-behavior: contain;
    scrollbar-width: thin; scrollbar-color: var(--mt-edge, #2c3140) transparent;
  }
  .list:focus-visible { outline-offset: -2px; }
  .empty {
    position: absolute; inset: 0; display: grid; place-content: center; margin: 0; padding: 1rem; text-align: center;
    color: var(--mt-dim, #a3a8b5); pointer-events: none;
  }
  .said { margin-top: .7rem; }
  .said:first-child { margin-top: 0; }
  .said.goes-on { margin-top: .1rem; }
  .said.goes-on .head { display: none; }
  .head { display: flex; gap: .5rem; align-items: baseline; }
  .name { font-weight: 600; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  .when { flex: none; font-size: .75rem; color: var(--mt-dim, #a3a8b5); font-variant-numeric: tabular-nums; }
  .said p { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
  .happened {
    margin: .6rem 0; font-size: .8125rem; color: var(--mt-dim, #a3a8b5); display: flex; align-items: center; gap: .6rem;
    overflow-wrap: anywhere;
  }
  .happened::before { content: ""; flex: none; width: .3rem; height: .3rem; border-radius: 50%; background: currentColor; opacity: .6; }
  .happened + .happened { margin-top: -.25rem; }
  .unsent { opacity: .8; }
  .state { font-size: .8125rem; color: var(--mt-dim, #a3a8b5); }
  .state button {
    border: 0; background: none; padding: .25rem .4rem; color: var(--mt-accent, #f0b35a); text-decoration: underline;
    text-underline-offset: .2em;
  }
  .more {
    position: absolute; inset-block-end: .5rem; inset-inline-start: 50%; translate: -50%; border: 0; border-radius: 999px;
    padding: .35rem .9rem; font-size: .8125rem; font-weight: 600; background: var(--mt-accent, #f0b35a);
    color: var(--mt-on-accent, #1b1305); box-shadow: 0 .25rem 1rem rgb(0 0 0 / .35);
  }
  :host(:dir(rtl)) .more { translate: 50%; }
  .write { padding: .6rem .75rem max(.75rem, env(safe-area-inset-bottom)); border-top: 1px solid var(--mt-edge, #2c3140); }
  .row {
    display: flex; align-items: flex-end; gap: .25rem; padding: .2rem; border-radius: 1.4rem;
    background: var(--mt-raised, #20242f); border: 1px solid var(--mt-field-edge, #6a7187);
  }
  .row:focus-within { border-color: var(--mt-accent, #f0b35a); }
  textarea {
    flex: 1; min-width: 0; min-height: 2.4rem; max-height: 8rem; padding: .5rem .4rem .5rem .9rem; resize: none; border: 0; outline: 0;
    background: none; line-height: 1.4; font-size: max(1rem, 16px);
  }
  textarea:focus-visible { outline: 0; } /* the row around it shows the focus */
  textarea::placeholder { color: var(--mt-dim, #a3a8b5); opacity: 1; }
  .send {
    flex: none; width: 2.4rem; height: 2.4rem; border: 0; border-radius: 50%; font-size: 1.15rem; font-weight: 700;
    background: var(--mt-accent, #f0b35a); color: var(--mt-on-accent, #1b1305);
  }
  .send:disabled { background: none; color: var(--mt-dim, #a3a8b5); }
  .hint { margin: .35rem .5rem 0; font-size: .8125rem; color: var(--mt-dim, #a3a8b5); }
  .hint:empty { display: none; }
  .hint.alarm { color: var(--mt-alarm, #ff9c8a); }
  ${NAMES_CSS}
`;

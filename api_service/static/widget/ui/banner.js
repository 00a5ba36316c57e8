/** The banner over a film that stands still: whom the room waits for and for how long, or who paused and why. */
import { make } from "./look.js";
import { mayControl } from "../core/permissions.js";
import { holdPhrase, pausePhrase } from "./phrases.js";

export const BANNER_CSS = `
  .why {
    justify-self: center; max-width: calc(100% - 1.5rem); padding: .4rem .9rem; border-radius: 999px; font-size: .875rem;
    background: rgb(8 9 13 / .82); color: #f1eee8; overflow: hidden; text-overflow: ellipsis; white-space: nowrap;
  }
  .hold {
    position: absolute; inset: var(--mt-top, 0px) 0 var(--mt-bottom, 0px); margin: auto; width: fit-content; height: fit-content; max-width: calc(100% - 1.5rem); display: grid; justify-items: center; gap: .75rem;
    padding: 1rem 1.5rem; border-radius: 1rem; background: rgb(8 9 13 / .88); color: #f1eee8; text-align: center;
  }
  .hold p { margin: 0; font-size: 1.0625rem; text-wrap: balance; overflow-wrap: anywhere; }
  .hold .left { color: #b9bdc8; font-variant-numeric: tabular-nums; white-space: nowrap; }
  .hold .primary { pointer-events: auto; }
  .over:has(> .lobby:not([hidden])) .why { display: none; } /* which says that the film has not begun */
  @container film (max-width: 32rem) or (max-height: 24rem) {
    .hold { padding: .5rem 1rem; gap: .4rem; border-radius: .8rem; }
    .hold p { font-size: .875rem; }
  }
`;

const TICK_MS = 250;

export class Banner {
  #texts;
  #nowMs;
  #room = null;
  #timer = null;
  #why = make("div", { class: "why", part: "why", hidden: true });
  #holdText = make("span", {});
  #left = make("span", { class: "left", "aria-hidden": "true" });
  #go;
  #hold;
  #onShown;

  /** `top` and `centre` are its parts' parents; `nowMs()` returns the server's time; `onGoOn()` is called for the button, `onShown(shown)` of the waiting. */
  constructor({ top, centre, texts, nowMs, onGoOn, onShown }) {
    this.#onShown = onShown;
    this.#texts = texts;
    this.#nowMs = nowMs;
    this.#go = make("button", { type: "button", class: "primary" }, texts.go_on);
    this.#go.addEventListener("click", onGoOn);
    this.#hold = make("div", { class: "hold", part: "hold", hidden: true },
      make("p", {}, make("span", { role: "status" }, this.#holdText), " ", this.#left), this.#go);
    top.append(this.#why);
    centre.append(this.#hold);
  }

  /** Show why the room's film stands still, if it does; null shows nothing. */
  show(room) {
    this.#room = room;
    const why = room && pausePhrase(room, this.#texts);
    this.#why.hidden = !why;
    if (why) this.#why.textContent = why;
    this.#tick();
  }

  #tick = () => {
    clearTimeout(this.#timer);
    const hold = this.#room && holdPhrase(this.#room, this.#texts, this.#nowMs());
    this.#hold.hidden = !hold;
    this.#onShown(Boolean(hold));
    if (!hold) return;
    // The status role announces each change of this text: that of the people waited for, not of the seconds.
    if (this.#holdText.textContent !== hold.text) this.#holdText.textContent = hold.text;
    this.#left.textContent = hold.seconds > 0 ? this.#texts.seconds(hold.seconds) : "";
    this.#go.hidden = hold.mine || !mayControl(this.#room);
    this.#timer = setTimeout(this.#tick, TICK_MS);
  };
}

/** What lies over the picture: the connection's state, why the film stands, the one button of a refused autoplay, the last screen. */
import { BANNER_CSS, Banner } from "./banner.js";
import { FLOATING_CSS, Floating } from "./floating.js";
import { dress, make } from "./look.js";

const CSS = `
  :host { display: block; position: relative; }
  .over { position: absolute; inset: 0; pointer-events: none; display: grid; z-index: 2; }
  .top { position: absolute; inset-block-start: .75rem; inset-inline: 0; display: grid; gap: .4rem; justify-items: center; }
  .pill {
    max-width: calc(100% - 1.5rem); padding: .4rem .9rem; border-radius: 999px; font-size: .875rem;
    background: rgb(8 9 13 / .82); color: #f1eee8; transition: opacity .3s; display: flex; gap: .6rem; align-items: center;
  }
  .pill:empty { display: none; }
  .pill.busy::before {
    content: ""; width: .55rem; height: .55rem; border-radius: 50%; background: var(--mt-accent, #f0b35a);
    animation: breathe 1.4s ease-in-out infinite;
  }
  @keyframes breathe { 50% { opacity: .25; } }
  @media (prefers-reduced-motion: reduce) { .pill.busy::before { animation: none; } }
  .press { pointer-events: auto; box-shadow: 0 .5rem 2rem rgb(0 0 0 / .5); }
  .press.sound { justify-self: end; margin-inline: .75rem; }
  .press.start { place-self: center; min-height: 3.5rem; padding: .75rem 1.75rem; font-size: 1.125rem; }
  .end {
    pointer-events: auto; position: absolute; inset: 0; display: grid; place-content: center; gap: .6rem; padding: 1.5rem;
    text-align: center; background: rgb(8 9 13 / .93); color: #f1eee8;
  }
  .end h2 { margin: 0; font-size: clamp(1.15rem, 3.5vw, 1.6rem); line-height: 1.2; text-wrap: balance; }
  .end p { margin: 0; max-width: 34rem; color: #b9bdc8; text-wrap: pretty; }
  .end .primary, .end ::slotted(*) { justify-self: center; margin-top: .5rem; }
  ${BANNER_CSS}
  ${FLOATING_CSS}
`;

const BACK_SHOWN_MS = 2_500;

export class Overlay {
  #texts;
  #pressed;
  #again;
  #pill = make("div", { class: "pill", part: "status", role: "status" });
  #top = make("div", { class: "top" }, this.#pill);
  #over = make("div", { class: "over" }, this.#top);
  #banner;
  #floating = new Floating(this.#over);
  #button = null;
  #end = null;
  #fade = null;

  /**
   * `pressed()` is called for the one button, `again()` for "try again" on a screen that offers it, `goOn()` when the room need wait no
   * longer; `nowMs()` is the server's time.
   */
  constructor(root, { texts, nowMs, pressed, again, goOn }) {
    dress(root, CSS);
    this.#texts = texts;
    this.#pressed = pressed;
    this.#again = again;
    this.#banner = new Banner({ top: this.#top, centre: this.#over, texts, nowMs, goOn });
    root.append(make("slot"), this.#over);
  }

  /** A line that stays while `busy`; one that is not fades by itself. */
  tell(text, { busy = false } = {}) {
    clearTimeout(this.#fade);
    this.#pill.textContent = text ?? "";
    this.#pill.classList.toggle("busy", Boolean(text) && busy);
    if (text && !busy) this.#fade = setTimeout(() => this.tell(null), BACK_SHOWN_MS);
  }

  /** Shows why the film stands, if it does; `room` as in replica.js, or null. */
  explain(room) {
    this.#banner.show(room);
  }

  /** Lets a reaction float by. */
  float(emoji, name) {
    this.#floating.show(emoji, name);
  }

  /** "start": the film waits for a press · "sound": it runs silently · null: no button. */
  offer(kind) {
    if (this.#button?.dataset.kind === kind) return;
    this.#button?.remove();
    this.#button = null;
    if (!kind) return;
    const text = kind === "start" ? this.#texts.press_play : this.#texts.press_sound;
    this.#button = make("button", { type: "button", class: `primary press ${kind}`, part: "press", "data-kind": kind }, text);
    this.#button.addEventListener("click", () => this.#pressed());
    (kind === "sound" ? this.#top : this.#over).append(this.#button);
  }

  /** The last screen: nothing goes on here by itself. The page may add actions through the slot "ended". */
  finish(reason, { mayTryAgain = false } = {}) {
    this.tell(null);
    this.explain(null);
    this.offer(null);
    this.#end?.remove();
    const texts = this.#texts;
    const title = texts[`${reason}_title`] ?? texts.stopped_title;
    const text = texts[`${reason}_text`] ?? texts.stopped_text;
    this.#end = make("div", { class: "end", part: "ended", role: "alert" }, make("h2", {}, title), make("p", {}, text));
    if (mayTryAgain) {
      const button = make("button", { type: "button", class: "primary" }, reason === "kicked" ? texts.enter_again : texts.try_again);
      button.addEventListener("click", () => this.#again());
      this.#end.append(button);
    }
    this.#end.append(make("slot", { name: "ended" }));
    this.#over.append(this.#end);
  }

  /** Takes the last screen away again. */
  resume() {
    this.#end?.remove();
    this.#end = null;
  }
}

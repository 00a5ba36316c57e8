/**
 * The panel over a film that has not begun: who is here and ready, who comes, when it begins and how long until then, and the button that
 * starts it, with a question where needed. Its slot "planned" is shown while the film is planned.
 */
import { lobbyOf } from "../core/lobby.js";
import { make } from "./look.js";
import { momentText, untilText } from "./moments.js";
import { isolated } from "./phrases.js";

export const LOBBY_CSS = `
  .poster { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: cover; mask-image: linear-gradient(#000 calc(100% - 7rem), transparent calc(100% - 4rem)); }
  .lobby {
    position: relative; pointer-events: auto; place-self: center; margin-block: var(--mt-top, .25rem) calc(var(--mt-bottom, 0px) + .25rem); max-width: min(34rem, 100% - 1.5rem); max-height: calc(100% - var(--mt-top, .25rem) - var(--mt-bottom, 0px) - .25rem); overflow: auto; padding: 1rem 1.5rem; border-radius: 1rem; display: grid; gap: .6rem;
    justify-items: center; text-align: center; background: rgb(8 9 13 / .88); color: #f1eee8;
  }
  .lobby[hidden], .lobby [hidden] { display: none; }
  .lobby p { margin: 0; text-wrap: balance; overflow-wrap: anywhere; }
  .lobby .date { font-weight: 600; }
  .lobby .when { font-size: clamp(1.5rem, 5vw, 2.5rem); line-height: 1.1; font-variant-numeric: tabular-nums; }
  .lobby .coming { font-size: .875rem; color: #b9bdc8; }
  .lobby .buttons { display: flex; flex-wrap: wrap; gap: .6rem; justify-content: center; }
  @container film (max-width: 32rem) or (max-height: 24rem) {
    .lobby { display: flex; flex-wrap: wrap; justify-content: center; align-items: baseline; max-width: min(26rem, 100% - 1.5rem); padding: .4rem 1rem; gap: .2rem .6rem; border-radius: .8rem; font-size: .875rem; }
    .lobby .when { font-size: 1.125rem; }
    .lobby :is([role], .coming, .buttons) { flex-basis: 100%; }
    .lobby .buttons { gap: .4rem; position: sticky; bottom: 0; }
    .lobby:is(.by-itself, :has([role=alert]:not([hidden]))) [role=status] { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
  }
  .lobby .wait { border: 0; padding: .5rem .75rem; background: none; color: inherit; font-weight: 600; }
`;

const TICK_MS = 500;
const NAMED_MOST = 3;

export class Lobby {
  #texts;
  #nowMs;
  #posterOf;
  #on;
  #room = null;
  #expected = [];
  #asked = false;
  #timer = null;
  #poster = make("img", { class: "poster", alt: "", hidden: true });
  #date = make("p", { class: "date" });
  #when = make("p", { class: "when", "aria-hidden": "true" });
  #coming = make("p", { class: "coming" });
  #who = make("p", { role: "status" });
  #question = make("p", { role: "alert" });
  #start;
  #wait;
  #more = make("slot", { name: "planned" });
  #panel;
  #onShown;

  /**
   * `over` is its parent; `nowMs()` returns the server's time, `poster()` the address of the film's poster or ""; `onStart()` is called once whoever
   * may start the film has said so, `onShown(shown)` of the panel.
   */
  constructor(over, { texts, nowMs, poster, onStart, onShown }) {
    this.#onShown = onShown;
    this.#texts = texts;
    this.#nowMs = nowMs;
    this.#posterOf = poster;
    this.#on = onStart;
    this.#start = make("button", { type: "button", class: "primary" }, texts.lobby_start);
    this.#start.addEventListener("click", () => this.press());
    this.#wait = make("button", { type: "button", class: "wait" }, texts.lobby_wait);
    this.#wait.addEventListener("click", () => this.#ask(false));
    const buttons = make("div", { class: "buttons" }, this.#start, this.#wait, this.#more);
    this.#panel = make("div", { class: "lobby", part: "lobby", hidden: true }, this.#date, this.#when, this.#who, this.#coming, this.#question, buttons);
    over.append(this.#poster, this.#panel);
  }

  /** Show the lobby of a room (the replica), if it has one that is not over; null shows nothing. */
  show(room) {
    this.#room = room;
    this.#tick();
  }

  /** Tell also which of these people, [{id, name, answer}], are not here yet, and which of them have said that they come. */
  expect(people) {
    this.#expected = people;
    this.#tick();
  }

  /** Start the film, or ask first where it is early, or somebody is missing or not ready; return false where there is no lobby, or this viewer may not. */
  press() {
    const lobby = this.#lobby();
    if (!lobby?.mayStart) return false;
    if (lobby.asks && !this.#asked) this.#ask(true);
    else {
      this.#ask(false);
      this.#on();
    }
    return true;
  }

  #lobby() {
    return this.#room && lobbyOf(this.#room, this.#nowMs(), this.#expected);
  }

  #ask(asked) {
    this.#asked = asked;
    this.#tick();
    if (asked) this.#start.focus();
  }

  #tick = () => {
    clearTimeout(this.#timer);
    const lobby = this.#lobby();
    this.#panel.hidden = !lobby;
    this.#onShown(Boolean(lobby));
    this.#showPoster(lobby?.inMs > 0 ? this.#posterOf() : "");
    if (!lobby) {
      this.#asked = false;
      return;
    }
    this.#asked &&= lobby.asks && lobby.mayStart;
    const texts = this.#texts;
    const isPlanned = lobby.inMs > 0;
    for (const node of [this.#date, this.#when, this.#more]) node.hidden = !isPlanned;
    if (isPlanned) {
      this.#date.textContent = texts.plan_at(momentText(new Date(this.#room.room.starts_at), texts.lang));
      this.#when.textContent = untilText(lobby.inMs, texts.lang);
    }
    this.#panel.classList.toggle("by-itself", isPlanned && !lobby.together); // a phone has no room to say so beside the time
    const coming = isPlanned && !lobby.together ? this.#comingText(lobby) : "";
    this.#coming.hidden = coming === "";
    this.#coming.textContent = coming;
    // The status role announces each change of this text, which must not be that of the seconds.
    const who = lobby.together ? this.#people(lobby) : texts.lobby_planned;
    if (this.#who.textContent !== who) this.#who.textContent = who;
    this.#question.hidden = !this.#asked;
    if (this.#asked) this.#question.textContent = isPlanned ? texts.lobby_early : texts.lobby_not_all;
    this.#start.hidden = !lobby.mayStart;
    this.#start.textContent = this.#asked ? texts.lobby_start_now : texts.lobby_start;
    this.#wait.hidden = !this.#asked;
    this.#timer = setTimeout(this.#tick, TICK_MS);
  };

  #people({ here, ready, wanted, loading, missing, allReady }) {
    const texts = this.#texts;
    if (allReady) return texts.lobby_all_ready(here);
    const count = texts.lobby_ready(ready, Math.max(here + missing.length, wanted));
    return [count, this.#named(loading, texts.lobby_loading), this.#named(missing, texts.lobby_missing)].filter(Boolean).join(" ");
  }

  #showPoster(address) {
    this.#poster.hidden = !address;
    if (address && this.#poster.src !== address) this.#poster.src = address;
  }

  /** Return who of those who are not here comes, and how many have not answered. */
  #comingText({ missing }) {
    const coming = missing.filter(({ answer }) => answer === "accepted");
    const silent = missing.length - coming.length;
    return [this.#named(coming, this.#texts.plan_coming), silent ? this.#texts.plan_unanswered(silent) : null].filter(Boolean).join(" ");
  }

  /** Return the `phrase` about the first ones of these people, or null about nobody. */
  #named(people, phrase) {
    const names = people.slice(0, NAMED_MOST).map(({ name }) => isolated(name));
    return names.length ? phrase(new Intl.ListFormat(this.#texts.lang).format(names), people.length - names.length) : null;
  }
}

/** What can be done with a message: one small bar that stands at the line under the pointer, or the one the keys have chosen. */
import { make } from "./look.js";

const KEYS = { ArrowUp: "previousElementSibling", ArrowDown: "nextElementSibling" };

export class MessageActs {
  #list;
  #may;
  #bar;
  #line = null;
  #atPress = null;

  /** `may(line)` gives {reply, delete} for a line's node; `done(act, line)` carries one out. */
  constructor(list, { texts, may, done }) {
    this.#list = list;
    this.#may = may;
    const button = (act, sign) => make("button", { type: "button", "data-act": act, "aria-label": texts[act], title: texts[act] }, sign);
    this.#bar = make("div", { class: "acts", role: "group", "aria-label": texts.actions }, button("reply", "↩"), button("delete", "✕"));
    this.#bar.addEventListener("click", (event) => {
      const act = event.target.closest("[data-act]")?.dataset.act;
      event.stopPropagation();
      if (!act) return;
      const line = this.#line;
      this.#leave();
      done(act, line);
    });
    list.addEventListener("pointerover", (event) => event.pointerType === "mouse" && this.#stand(event.target));
    list.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && !this.#held && this.#leave());
    list.addEventListener("pointerdown", () => (this.#atPress = this.#line));
    list.addEventListener("click", ({ target }) => !target.closest("button, a") && this.#toggle(target));
    list.addEventListener("focusin", ({ target }) => this.#stand(target, { byKeys: true }));
    list.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /** Somebody is at its buttons with the keys: the pointer does not take it away. */
  get #held() {
    return this.#bar.contains(this.#list.getRootNode().activeElement);
  }

  #stand(target, { byKeys = false } = {}) {
    const line = target.closest?.("li.said:not(.unsent)");
    if (!line || line === this.#line || (this.#held && !byKeys)) return;
    this.#leave();
    const may = this.#may(line);
    for (const button of this.#bar.children) button.hidden = !may[button.dataset.act];
    if (!may.reply && !may.delete) return;
    this.#line = line;
    line.append(this.#bar);
    this.#quotes(0);
  }

  /** A finger brings the bar, and takes it away again; the press itself has moved the focus, and the bar with it. */
  #toggle(target) {
    const again = this.#atPress !== null && this.#atPress === target.closest("li") && !matchMedia("(hover: hover)").matches;
    if (again) this.#leave();
    else this.#stand(target);
  }

  /** What a reply is to is a stop of the Tab key in the chosen line only. */
  #quotes(tabIndex) {
    for (const quote of this.#line?.querySelectorAll(".quote") ?? []) quote.tabIndex = tabIndex;
  }

  #leave() {
    this.#quotes(-1);
    this.#bar.remove();
    this.#line = null;
  }

  /** The list is one stop of the Tab key; the arrows choose a message in it, and Tab then goes to what can be done with it. */
  #onKey(event) {
    const step = KEYS[event.key];
    if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
    const from = event.target.closest("li.said");
    const lines = [...this.#list.querySelectorAll("li.said:not(.unsent)")];
    let next = from ? from[step] : lines.at(-1);
    while (next && !next.matches("li.said:not(.unsent)")) next = next[step];
    if (!next) return;
    event.preventDefault();
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  }
}

/** The bar of actions on a message, shown at the line under the mouse or at the one chosen by touch or keyboard. */
import { make } from "./look.js";

/** The reactions that the bar offers; others stay those of other clients. */
export const OFFERED = ["👍", "❤️", "😂", "😮", "😢"];

const KEYS = { ArrowUp: "previousElementSibling", ArrowDown: "nextElementSibling" };

export class MessageActions {
  #list;
  #may;
  #bar;
  #line = null;
  #lineAtPress = null;

  /** `may(line)` returns {reply, react, edit, delete} for a line's node: what is allowed there; `onAction(action, line, emoji)` carries one out. */
  constructor(list, { texts, may, onAction }) {
    this.#list = list;
    this.#may = may;
    const button = (action, sign) => make("button", { type: "button", "data-action": action, "aria-label": texts[action], title: texts[action] }, sign);
    this.#bar = make("div", { class: "actions", role: "group", "aria-label": texts.actions },
      button("reply", "↩"),
      ...OFFERED.map((emoji) => make("button", { type: "button", "data-action": "react", "data-emoji": emoji, "aria-label": texts.react(emoji), title: texts.react(emoji) }, emoji)),
      button("edit", "✎"), button("delete", "✕"));
    this.#bar.addEventListener("click", (event) => {
      const { action, emoji } = event.target.closest("[data-action]")?.dataset ?? {};
      event.stopPropagation();
      if (!action) return;
      const line = this.#line;
      this.#hide();
      onAction(action, line, emoji);
    });
    list.addEventListener("pointerover", (event) => event.pointerType === "mouse" && this.#showAt(event.target));
    list.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && !this.#hasFocus && this.#hide());
    list.addEventListener("pointerdown", () => (this.#lineAtPress = this.#line));
    list.addEventListener("click", ({ target }) => !target.closest("button, a") && this.#toggleAt(target));
    list.addEventListener("focusin", ({ target }) => this.#showAt(target, { byKeys: true }));
    list.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /** Whether a button of the bar has the focus: then the mouse does not move it. */
  get #hasFocus() {
    return this.#bar.contains(this.#list.getRootNode().activeElement);
  }

  #showAt(target, { byKeys = false } = {}) {
    const line = target.closest?.("li.said:not(.unsent)");
    if (!line || line === this.#line || (this.#hasFocus && !byKeys)) return;
    this.#hide();
    const may = this.#may(line);
    for (const button of this.#bar.children) button.hidden = !may[button.dataset.action];
    if (!Object.values(may).some(Boolean)) return;
    this.#line = line;
    line.append(this.#bar);
    this.#setTabIndex(0);
  }

  /** Show the bar on a touch and hide it on the next one; the press before this click has moved the focus, and the bar with it. */
  #toggleAt(target) {
    const again = this.#lineAtPress !== null && this.#lineAtPress === target.closest("li") && !matchMedia("(hover: hover)").matches;
    if (again) this.#hide();
    else this.#showAt(target);
  }

  /** Make what can be pressed in the chosen line reachable by the Tab key, and nothing of other lines. */
  #setTabIndex(tabIndex) {
    for (const one of this.#line?.querySelectorAll(".quote, .felt button, .moment, a") ?? []) one.tabIndex = tabIndex;
  }

  #hide() {
    this.#setTabIndex(-1);
    this.#bar.remove();
    this.#line = null;
  }

  /** The Tab key stops once at the list; the arrow keys choose a message in it, and Tab goes on to that message's actions. */
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

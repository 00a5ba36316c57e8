/** The list of a room's people: draws only rows that changed, so that focus, scrolling and an open menu stay as they are. */
import { make } from "./look.js";
import { rowNode } from "./people-rows.js";

export class PeopleList {
  node;
  #rows = new Map(); // id → {drawn, node}
  #current = null; // the row that the Tab key leads to; arrows lead to the others

  /** `labelledBy` is the id of the element that names the list; `onPress(id)` is called for a row that was pressed. */
  constructor({ labelledBy, onPress }) {
    // Safari takes a list without bullets for none unless it says so.
    this.node = make("ul", { role: "list", "aria-labelledby": labelledBy, part: "people" });
    this.node.addEventListener("click", ({ target }) => {
      const id = target.closest("button")?.dataset.row;
      if (id !== undefined) onPress(id);
    });
    this.node.addEventListener("focusin", ({ target }) => this.#makeCurrent(target.dataset.row));
    this.node.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /** Return the row of a person that is shown, or undefined. */
  row(id) {
    return this.#rows.get(id)?.node.firstElementChild;
  }

  /** Show these rows (people-rows.js) in this order. */
  show(rows) {
    const focused = this.node.getRootNode().activeElement?.dataset.row;
    const nodes = rows.map((row) => this.#nodeOf(row));
    const shown = new Set(nodes);
    for (const [id, { node }] of [...this.#rows]) {
      if (shown.has(node)) continue;
      node.remove();
      this.#rows.delete(id);
    }
    nodes.forEach((node, place) => {
      if (this.node.children[place] !== node) this.node.insertBefore(node, this.node.children[place] ?? null);
    });
    this.#makeCurrent(this.row(this.#current)?.localName === "button" ? this.#current : this.#buttons[0]?.dataset.row);
    if (focused !== undefined && this.node.getRootNode().activeElement?.dataset.row !== focused) this.row(focused)?.focus({ preventScroll: true });
  }

  #nodeOf(row) {
    const drawn = JSON.stringify(row);
    const before = this.#rows.get(row.id);
    if (before?.drawn === drawn) return before.node;
    const node = rowNode(row);
    const expanded = before?.node.firstElementChild.getAttribute("aria-expanded");
    if (expanded && row.pressable) node.firstElementChild.setAttribute("aria-expanded", expanded);
    this.#rows.set(row.id, { drawn, node });
    before?.node.replaceWith(node);
    return node;
  }

  get #buttons() {
    return [...this.node.querySelectorAll("button")];
  }

  #makeCurrent(id) {
    this.#current = id;
    for (const button of this.#buttons) button.tabIndex = button.dataset.row === id ? 0 : -1;
  }

  #onKey(event) {
    const buttons = this.#buttons;
    const here = buttons.findIndex(({ dataset }) => dataset.row === this.#current);
    const next = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    buttons[Math.max(0, Math.min(next, buttons.length - 1))]?.focus();
  }
}

/** The menu of actions on a member, for mouse, touch and keyboard. */
import { make } from "./look.js";
import { assignableRoles, mayModerate } from "../core/permissions.js";

export const MENU_CSS = `
  .menu {
    position: fixed; inset: auto; margin: 0; padding: .35rem; min-width: 14rem; max-width: calc(100vw - 1rem); border: 1px solid var(--_edge);
    border-radius: .9rem; background: var(--_surface); color: inherit; box-shadow: 0 1rem 2.5rem rgb(0 0 0 / .45); font-size: .9375rem;
  }
  .menu h3 { margin: 0; padding: .4rem .75rem; font-size: .8125rem; font-weight: 600; color: var(--_dim); overflow-wrap: anywhere; }
  .menu button {
    display: flex; align-items: center; gap: .6rem; width: 100%; min-height: 2.75rem; padding: .4rem .75rem; border: 0; border-radius: .6rem;
    background: none; text-align: start;
  }
  .menu button:hover, .menu button:focus-visible { background: var(--_raised); }
  .menu button:focus-visible { outline-offset: -2px; }
  .menu .alarm { color: var(--_alarm); }
  .menu [aria-checked]::before { content: "☐"; font-size: 1.1rem; line-height: 1; }
  .menu [aria-checked="true"]::before { content: "☑"; }
  @media (max-width: 30rem) {
    .menu { inset-inline: .5rem; inset-block-end: max(.5rem, env(safe-area-inset-bottom)); inset-block-start: auto; width: auto; }
  }
`;

const NARROW = "(max-width: 30rem)";

/**
 * Return the actions this viewer may take on a member: [{action, value, alarm}]; `bans` says whether the page can ban people from the room, `blocks`
 * whether it can block them for this viewer, and `blocked` whether they are.
 */
export function memberActions(state, member, { nowMs, bans = false, blocks = false, blocked = false }) {
  const own = !blocks || member.id === state.you?.id ? [] : [blocked ? { action: "unblock" } : { action: "block", alarm: true }];
  if (!mayModerate(state, member.id)) return own;
  const muted = (member.muted_until_ms ?? 0) > nowMs;
  return [
    ...assignableRoles(state, member.id).map((role) => ({ action: "make", value: role })),
    ...(muted ? [{ action: "unmute", value: 0 }] : [{ action: "mute_5", value: 300 }, { action: "mute_60", value: 3_600 }]),
    { action: "kick", alarm: true },
    ...(bans ? [{ action: "ban", alarm: true }] : []),
    ...own,
  ];
}

/** Return what this viewer may do by themselves: leave the shared film for a while, or come back to it. */
function ownActions({ aside }) {
  return aside ? [{ action: "come_back" }] : [{ action: "away" }, { action: "rewatch" }, { action: "alone" }];
}

export class MemberMenu {
  node = make("div", { class: "menu", role: "menu", popover: "auto", hidden: true });
  memberId = null;
  #texts;
  #on;

  /** `on` is {choose(action, value, memberId), close(memberId)}; the latter returns the focus to where it was. */
  constructor({ texts, on }) {
    this.#texts = texts;
    this.#on = on;
    this.node.addEventListener("keydown", (event) => this.#onKey(event));
    this.node.addEventListener("toggle", ({ newState }) => newState === "closed" && this.#onClosed());
  }

  /** Open the menu at a member's row; `own` is {switches: {waits, spoilers}, aside} on this viewer's own row (`spoilers`: they are held back), else null. */
  open(row, member, actions, own) {
    this.close();
    this.memberId = member.id;
    const title = this.#texts.actions_for(member.name);
    this.node.setAttribute("aria-label", title);
    const switches = Object.entries(own?.switches ?? {}).map(([action, is]) => this.#switch(action, is));
    const items = [...switches, ...(own ? ownActions(own) : actions).map((one) => this.#item(one))];
    this.node.replaceChildren(make("h3", { dir: "auto", "aria-hidden": "true" }, member.name), ...items);
    this.node.hidden = false;
    this.node.showPopover?.();
    this.#place(row);
    items[0]?.focus();
  }

  /** Close the menu. */
  close() {
    if (this.memberId === null) return;
    if (this.node.matches(":popover-open")) this.node.hidePopover();
    this.#onClosed();
  }

  #onClosed() {
    if (this.memberId === null) return;
    const id = this.memberId;
    this.memberId = null;
    this.node.hidden = true;
    this.#on.close(id);
  }

  #item({ action, value, alarm = false }) {
    const text = action === "make" ? this.#texts.make[value] : this.#texts[action];
    const item = make("button", { type: "button", role: "menuitem", tabindex: -1, "data-action": action, "data-value": value, class: alarm ? "alarm" : null }, text);
    item.addEventListener("click", () => this.#choose(action, value));
    return item;
  }

  #switch(action, is) {
    const item = make("button", { type: "button", role: "menuitemcheckbox", tabindex: -1, "aria-checked": String(is), "data-action": action }, this.#texts.own[action]);
    item.addEventListener("click", () => this.#choose(action, !is));
    return item;
  }

  #choose(action, value) {
    const id = this.memberId;
    this.close();
    this.#on.choose(action, value, id);
  }

  /** Place the menu below the row, or above it for lack of room; on a narrow screen the style sheet places it at the bottom. */
  #place(row) {
    const { style } = this.node;
    style.left = style.top = "";
    if (matchMedia(NARROW).matches) return;
    const at = row.getBoundingClientRect();
    const { width, height } = this.node.getBoundingClientRect();
    style.left = `${Math.max(8, Math.min(at.left, innerWidth - width - 8))}px`;
    style.top = `${at.bottom + height + 8 > innerHeight ? Math.max(8, at.top - height - 4) : at.bottom + 4}px`;
  }

  #onKey(event) {
    const items = [...this.node.querySelectorAll("button")];
    const here = items.indexOf(this.node.getRootNode().activeElement);
    const next = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: -1 }[event.key];
    if (event.key === "Tab") this.close();
    if (next === undefined) return;
    event.preventDefault();
    items.at(next % items.length)?.focus();
  }
}

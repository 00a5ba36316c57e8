/** The rows of a room's people: who they are and how they follow the film, in words. */
import { followingOf } from "../core/people.js";
import { imitatesOwner, roleOf } from "../core/permissions.js";
import { face } from "./face.js";
import { make } from "./look.js";

const LOADING = new Set(["not_ready", "buffering"]);

/**
 * Return the row of a member as {id, looks, notes, pressable, name}: what `rowNode` draws, and what tells whether it is to be drawn anew.
 * `skewMs` is what their player has told of itself, `nowMs` the server's time, `blocked` whether this viewer has blocked them.
 */
export function rowOf(member, room, { texts, nowMs, skewMs, blocked, pressable }) {
  const following = followingOf(member, room, skewMs);
  const role = roleOf(room, member.id);
  const own = member.id === room.you?.id;
  return {
    id: member.id, name: member.name, pressable, here: true,
    looks: [LOADING.has(following.kind) && "loading", member.aside && "aside"].filter(Boolean).join(" "),
    notes: [
      own ? texts.you : null,
      role === "viewer" ? null : texts[role],
      room.guests?.has(member.id) && role !== "guest" ? texts.guest : null,
      imitatesOwner(room, member.id) ? texts.not_owner : null,
      room.room.host === member.id ? texts.host : null,
      blocked ? texts.blocked : null,
      followingText(following, texts),
      member.visible === false ? texts.hidden : null,
      (member.muted_until_ms ?? 0) > nowMs ? texts.muted_now : null,
    ].filter(Boolean),
  };
}

/** Return the row of somebody who is invited and not here. */
export function missingRowOf({ id, name, answer }, { texts }) {
  return { id, name, pressable: false, here: false, looks: "missing", notes: [texts.not_here, answer === "accepted" ? texts.comes : null].filter(Boolean) };
}

function followingText({ kind, seconds }, texts) {
  if (kind === "behind" || kind === "ahead") return texts.following[kind](seconds);
  return texts.following[kind];
}

/** Return a row as a list item; whoever can be pressed has a menu. */
export function rowNode({ id, name, looks, notes, pressable, here }) {
  const words = notes.join(" · ");
  const row = make(pressable ? "button" : "div", {
    class: "row", title: `${name}: ${words}`, "data-row": id, ...(pressable ? { type: "button", "aria-haspopup": "menu", "aria-expanded": "false" } : {}),
  },
  face({ id, name }),
  make("span", { class: "who" }, make("span", { class: "name", dir: "auto" }, name), make("span", { class: "visually-hidden" }, ", "),
    make("span", { class: "note" }, words)));
  return make("li", { class: looks || null, [here ? "data-member" : "data-missing"]: id }, row);
}

/** The chat's lines, as list items: messages and events of the room. */
import { make } from "./look.js";
import { partsOf } from "../core/message-parts.js";
import { readablePosition } from "../core/timeline.js";
import { colourOf } from "./name-colours.js";
import { eventPhrase, isolated } from "./phrases.js";

/** The first characters of a message that are quoted above its reply. */
const QUOTED_CHARACTERS = 120;

/** A character of which something is to be seen; the server asks the same of a text (shared/texts.py). */
const SHOWN = /[^\p{White_Space}\p{Default_Ignorable_Code_Point}\p{M}\p{Cc}\p{Cf}\p{Cs}\u2800]/u;

/** Return whether a reader sees anything of a text. */
export function shows(text) {
  return SHOWN.test(text);
}

/** Return the number of graphemes in a text: the characters as a reader sees them, which the limit counts. */
export function graphemes(text) {
  if (!globalThis.Intl?.Segmenter) return [...text].length;
  let count = 0;
  for (const _ of new Intl.Segmenter().segment(text)) count += 1;
  return count;
}

/**
 * Return the line of a message. `goesOn` leaves the name out, below a line of the same person; `quoted` is the message it replies to,
 * or null if that is not known here; `role` is the author's, `names` are those who may be mentioned, `me` is this viewer's id and
 * `lengthMs` the film's length; `held` leaves out what a message says that is about a later moment than this viewer has seen;
 * `deleting` shows it as deleted already, and `undoable` offers to undo that; `hidden` leaves out what somebody says whom this viewer has
 * blocked (`isBlocked(id)`), and offers to show it.
 */
export function messageLine(message, { texts, me, goesOn, quoted = null, quotedHeld = false, quotedHidden = false, role = "viewer", names = {}, lengthMs = Infinity, held = false, hidden = false, deleting = false, undoable = false, isBlocked = () => false }) {
  const mine = message.author.id === me;
  const position = readablePosition(message.position_ms ?? 0);
  const head = make("div", { class: "head" },
    make("span", { class: `name c${colourOf(message.author.id)}`, dir: "auto" }, message.author.name || texts.deleted_viewer),
    roleNode(message.author.id, role, texts),
    make("span", { class: "when", title: texts.at(position) }, position),
    make("span", { class: "when", hidden: !message.edited_ms || message.deleted }, texts.edited));
  const gone = message.deleted || deleting;
  const instead = gone ? texts.deleted : hidden ? texts.of_blocked : held ? texts.ahead(position) : null;
  const text = instead
    ? make("p", { class: "deleted", part: gone ? "deleted" : hidden ? "hidden" : "ahead" }, instead,
      undoable ? make("button", { type: "button", class: "undo", "data-undo": message.id }, texts.undo) : null,
      hidden && !gone ? make("button", { type: "button", class: "undo", "data-reveal": message.id, tabindex: -1 }, texts.reveal) : null)
    : make("p", { dir: "auto", part: "text" }, ...textNodes(message.text, { me, names, lengthMs }));
  const quote = message.reply_to && !instead ? quoteOf(message.reply_to, quoted, texts, { held: quotedHeld, hidden: quotedHidden }) : null;
  const kinds = `said${mine ? " mine" : ""}${goesOn && !quote ? " goes-on" : ""}`;
  return make("li", { class: kinds, part: "said", "data-id": message.id, tabindex: -1 }, head, quote, text, held || hidden || deleting ? null : reactionsNode(message, { texts, me, names, isBlocked }));
}

/** Return the reactions to a message as buttons that put one's own there or take it back, or null where there are none. */
function reactionsNode({ id, reactions = {} }, { texts, me, names, isBlocked }) {
  const emojis = Object.entries(reactions).map(([emoji, ids]) => [emoji, ids.filter((one) => !isBlocked(one))]).filter(([, ids]) => ids.length > 0);
  if (emojis.length === 0) return null;
  return make("div", { class: "felt", part: "felt" }, ...emojis.map(([emoji, ids]) => make("button", {
    type: "button", "data-felt": emoji, "data-of": id, "aria-pressed": String(ids.includes(me)), tabindex: -1,
    title: ids.map((one) => names[one] ?? texts.someone).join(", "), "aria-label": texts.reacted(emoji, ids.length),
  }, `${emoji} ${ids.length}`)));
}

/** Return the mark of a role beside a name: two people of one name are told apart by it. */
export function roleNode(id, role, texts) {
  return make("span", { class: "role", "data-author": id, hidden: role === "viewer" }, role === "viewer" ? "" : texts[role]);
}

/** Return a message's text as nodes: links, moments as buttons, mentions; everything else stays the text that it is. */
function textNodes(text, { me, names, lengthMs }) {
  return partsOf(text, { names, lengthMs }).map((part) => {
    if (part.kind === "address") return addressNode(part);
    if (part.kind === "moment") return make("button", { type: "button", class: "moment", "data-moment": part.positionMs, tabindex: -1 }, part.text);
    if (part.kind === "mention") return make("span", { class: part.id === me ? "mention mine" : "mention", part: "mention" }, part.text);
    return part;
  });
}

/** Return a link that says where it leads, by the host in bold, and tells that site nothing of this page. */
function addressNode({ href, host, path }) {
  const { protocol } = new URL(href);
  return make("a", { href, target: "_blank", rel: "noopener nofollow ugc", referrerpolicy: "no-referrer", dir: "ltr", part: "address", tabindex: -1 },
    `${protocol}//`, make("b", {}, host), path);
}

/** Return the quote above a reply: a button that leads to the quoted message; `held` and `hidden` leave out what it says, as in its line. */
export function quoteOf(id, message, texts, { held = false, hidden = false } = {}) {
  const text = hidden && !message.deleted ? texts.of_blocked : quotedText(message, texts, held);
  return make("button", { type: "button", class: "quote", part: "quote", "data-jump": id, tabindex: -1 },
    message ? make("b", { class: `c${colourOf(message.author.id)}`, dir: "auto" }, isolated(message.author.name || texts.deleted_viewer)) : null,
    make("span", { dir: "auto" }, text));
}

function quotedText(message, texts, held) {
  if (!message) return texts.earlier;
  if (message.deleted) return texts.deleted;
  return held ? texts.ahead(readablePosition(message.position_ms)) : message.text.slice(0, QUOTED_CHARACTERS);
}

/** Return the line of an event, or null for an event that needs none; `context` as for `eventPhrase` (phrases.js). */
export function eventLine(event, context) {
  const text = eventPhrase(event, context);
  return text && make("li", { class: "happened", part: "happened" }, text);
}

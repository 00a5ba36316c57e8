/** The chat's lines, as list items: messages and events of the room. */
import { make } from "./look.js";
import { readablePosition } from "../core/timeline.js";
import { colourOf } from "./name-colours.js";
import { eventPhrase, isolated } from "./phrases.js";

/** The first characters of a message that are quoted above its reply. */
const QUOTED_CHARACTERS = 120;

/** Return the number of graphemes in a text: the characters as a reader sees them, which the limit counts. */
export function graphemes(text) {
  if (!globalThis.Intl?.Segmenter) return [...text].length;
  let count = 0;
  for (const _ of new Intl.Segmenter().segment(text)) count += 1;
  return count;
}

/**
 * Return the line of a message. `goesOn` leaves the name out, below a line of the same person; `quoted` is the message it replies to,
 * or null if that is not known here.
 */
export function messageLine(message, { texts, mine, goesOn, quoted = null }) {
  const position = readablePosition(message.position_ms ?? 0);
  const head = make("div", { class: "head" },
    make("span", { class: `name c${colourOf(message.author.id)}`, dir: "auto" }, message.author.name || texts.deleted_viewer),
    make("span", { class: "when", title: texts.at(position) }, position));
  const text = message.deleted
    ? make("p", { class: "deleted", part: "deleted" }, texts.deleted)
    : make("p", { dir: "auto", part: "text" }, message.text);
  const quote = message.reply_to && !message.deleted ? quoteOf(message.reply_to, quoted, texts) : null;
  const kinds = `said${mine ? " mine" : ""}${goesOn && !quote ? " goes-on" : ""}`;
  return make("li", { class: kinds, part: "said", "data-id": message.id, tabindex: -1 }, head, quote, text);
}

/** Return the quote above a reply: a button that leads to the quoted message. */
export function quoteOf(id, message, texts) {
  const text = message?.deleted ? texts.deleted : message ? message.text.slice(0, QUOTED_CHARACTERS) : texts.earlier;
  return make("button", { type: "button", class: "quote", part: "quote", "data-jump": id, tabindex: -1 },
    message ? make("b", { class: `c${colourOf(message.author.id)}`, dir: "auto" }, isolated(message.author.name || texts.deleted_viewer)) : null,
    make("span", { dir: "auto" }, text));
}

/** Return the line of an event, or null for an event that needs none; `context` as for `eventPhrase` (phrases.js). */
export function eventLine(event, context) {
  const text = eventPhrase(event, context);
  return text && make("li", { class: "happened", part: "happened" }, text);
}

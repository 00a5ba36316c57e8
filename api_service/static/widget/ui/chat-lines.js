/** The chat's lines: what somebody said, and what happened in the room. */
import { make } from "./look.js";
import { readablePosition } from "../core/timeline.js";
import { eventWords, isolated } from "./phrases.js";

/** How many colours names have (`--mt-name-0` …); all keep a contrast of 4.5 in both schemes. */
export const COLOURS = 8;

/** How much of a message is quoted above its reply. */
const QUOTED = 120;

/** A colour number that is always the same for the same person. */
export function colourOf(id) {
  let hash = 0x811c9dc5; // FNV-1a, 32 bits; folded, as its low bits alone repeat themselves
  for (const character of String(id)) hash = Math.imul(hash ^ character.codePointAt(0), 0x01000193) >>> 0;
  return ((hash ^ (hash >>> 16)) >>> 0) % COLOURS;
}

/** How many characters a reader sees, which is what the limit counts. */
export function graphemes(text) {
  if (!globalThis.Intl?.Segmenter) return [...text].length;
  let count = 0;
  for (const _ of new Intl.Segmenter().segment(text)) count += 1;
  return count;
}

/**
 * A line for something said; `goesOn` leaves the name out under the same person's line just before, `quoted` is the message it
 * replies to where that is known here.
 */
export function saidLine(message, { texts, mine, goesOn, quoted = null }) {
  const position = readablePosition(message.position_ms ?? 0);
  const head = make("div", { class: "head" },
    make("span", { class: `name c${colourOf(message.author.id)}`, dir: "auto" }, message.author.name),
    make("span", { class: "when", title: texts.at(position) }, position));
  const text = message.deleted
    ? make("p", { class: "deleted", part: "deleted" }, texts.deleted)
    : make("p", { dir: "auto", part: "text" }, message.text);
  const quote = message.reply_to && !message.deleted ? quoteOf(message.reply_to, quoted, texts) : null;
  const kinds = `said${mine ? " mine" : ""}${goesOn && !quote ? " goes-on" : ""}`;
  return make("li", { class: kinds, part: "said", "data-id": message.id, tabindex: -1 }, head, quote, text);
}

/** What a reply is to; a press goes there. */
export function quoteOf(id, message, texts) {
  const words = message?.deleted ? texts.deleted : message ? message.text.slice(0, QUOTED) : texts.earlier;
  return make("button", { type: "button", class: "quote", part: "quote", "data-jump": id, tabindex: -1 },
    message ? make("b", { class: `c${colourOf(message.author.id)}`, dir: "auto" }, isolated(message.author.name)) : null,
    make("span", { dir: "auto" }, words));
}

/** A line for what happened, or null where nothing needs to be said; `told` as in words.js. */
export function eventLine(event, told) {
  const text = eventWords(event, told);
  return text && make("li", { class: "happened", part: "happened" }, text);
}

/** The chat's lines: what somebody said, and what happened in the room. */
import { make } from "./look.js";
import { readablePosition } from "./timeline.js";

/** How many colours names have (`--mt-name-0` …); all keep a contrast of 4.5 in both schemes. */
export const COLOURS = 8;

/** A colour number that is always the same for the same person. */
export function colourOf(id) {
  let hash = 0x811c9dc5; // FNV-1a, 32 bits; folded, as its low bits alone repeat themselves
  for (const character of String(id)) hash = Math.imul(hash ^ character.codePointAt(0), 0x01000193) >>> 0;
  return ((hash ^ (hash >>> 16)) >>> 0) % COLOURS;
}

/** A name set apart, so that its direction of writing does not turn the words around it (Unicode UAX 9, isolates). */
export function isolated(name) {
  return `\u2068${name}\u2069`;
}

/** How many characters a reader sees, which is what the limit counts. */
export function graphemes(text) {
  if (!globalThis.Intl?.Segmenter) return [...text].length;
  let count = 0;
  for (const _ of new Intl.Segmenter().segment(text)) count += 1;
  return count;
}

/** A line for something said; `goesOn` leaves the name out under the same person's line just before. */
export function saidLine(message, { texts, mine, goesOn }) {
  const position = readablePosition(message.position_ms ?? 0);
  const head = make("div", { class: "head" },
    make("span", { class: `name c${colourOf(message.author.id)}`, dir: "auto" }, message.author.name),
    make("span", { class: "when", title: texts.at(position) }, position));
  return make("li", { class: `said${mine ? " mine" : ""}${goesOn ? " goes-on" : ""}`, part: "said", "data-id": message.id },
    head, make("p", { dir: "auto", part: "text" }, message.text));
}

/** A line for what happened, or null where nothing needs to be said. `nameOf` gives a member's name by id. */
export function eventLine(event, { texts, nameOf }) {
  const text = wordsFor(event, texts, nameOf);
  return text && make("li", { class: "happened", part: "happened" }, text);
}

function wordsFor(event, texts, nameOf) {
  const name = event.by ? isolated(nameOf(event.by) ?? texts.somebody) : null;
  const position = event.playback && readablePosition(event.playback.position_ms);
  switch (event.type) {
    case "member_joined":
      return texts.joined(isolated(event.member.name));
    case "member_left":
      return (event.reason === "lost" ? texts.lost : texts.left)(isolated(event.name ?? texts.somebody));
    case "played":
      return name ? texts.played(name) : texts.started;
    case "paused":
      return name ? texts.paused(name, position) : texts.paused_alone(position);
    case "sought":
      return name && texts.sought(name, position);
    case "rate_changed":
      return name && texts.rate_changed(name, event.playback.rate);
    case "closed":
      return texts.closed;
    default:
      return null; // `rebased` changes nothing that anybody sees
  }
}

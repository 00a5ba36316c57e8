/** A person as a round of two letters in their colour, on the pages too (api_service/pages/faces.py draws the same). */
import { make } from "./look.js";
import { colourOf } from "./name-colours.js";

const LETTER = /^[\p{L}\p{N}]/u;

/** The characters of a text as a reader sees them (UAX 29). */
const graphemesOf = globalThis.Intl?.Segmenter
  ? (text) => Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment)
  : (text) => [...text];

/** Return the letters that stand for a name: the first ones of its first two words, or the first two of one word. */
export function lettersOf(name) {
  const words = name.split(/\s+/).map((word) => graphemesOf(word).filter((one) => LETTER.test(one))).filter((word) => word.length > 0);
  const letters = words.length > 1 ? [words[0][0], words[1][0]] : (words[0] ?? graphemesOf(name.trim())).slice(0, words.length + 1);
  return letters.join("").toUpperCase() || "?";
}

/** Return a person's letters in their colour. */
export function face({ id, name }) {
  return make("span", { class: `face c${colourOf(id)}`, "aria-hidden": "true" }, lettersOf(name));
}

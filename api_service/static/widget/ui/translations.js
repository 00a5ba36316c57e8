/** The widget's own words, so that a page which embeds it needs nothing else. */
import { ENGLISH } from "./translations-en.js";
import { RUSSIAN } from "./translations-ru.js";

export const LANGUAGES = { en: ENGLISH, ru: RUSSIAN };

/** The words in the language of `element` (its nearest `lang`), English where there are none. */
export function textsFor(element) {
  const lang = element.closest?.("[lang]")?.lang || globalThis.document?.documentElement.lang || "en";
  return LANGUAGES[lang.toLowerCase().split("-")[0]] ?? ENGLISH;
}

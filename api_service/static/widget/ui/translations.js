/** The widget's texts in each language, so that a page which embeds it needs no others. */
import { ENGLISH } from "./translations-en.js";
import { RUSSIAN } from "./translations-ru.js";

export const LANGUAGES = { en: ENGLISH, ru: RUSSIAN };

/** Return the texts in the language of `element` (its nearest `lang`), or the English ones. */
export function textsFor(element) {
  const lang = element.closest?.("[lang]")?.lang || globalThis.document?.documentElement.lang || "en";
  return LANGUAGES[lang.toLowerCase().split("-")[0]] ?? ENGLISH;
}

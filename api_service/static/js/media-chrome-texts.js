/** Gives media-chrome the page's language; to be imported before its elements, which read their texts once. */
import { addTranslation, setLanguage } from "../vendor/media-chrome/utils/i18n.js";
import { RUSSIAN } from "./media-chrome-ru.js";
import { lang } from "./page-texts.js";

addTranslation("ru", RUSSIAN);
setLanguage(lang);

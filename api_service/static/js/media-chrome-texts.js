/** Gives media-chrome the page's language; to be imported before its elements, which read their texts once. */
import { addTranslation, setLanguage } from "../vendor/media-chrome/utils/i18n.js";
import { RUSSIAN } from "./media-chrome-ru.js";
import { lang } from "./page-texts.js";

addTranslation("ru", RUSSIAN);
// The room has settings of its own beside it. Of what is not named here media-chrome takes the English key itself.
addTranslation("en", { Settings: "Captions, sound, quality", settings: "captions, sound, quality" });
setLanguage(lang);

/** The eight colours of names: `--mt-name-0` to `-7` for the page's scheme, and the classes c0 to c7 that use them. */
import { COLOURS } from "./chat-lines.js";

const DEFAULTS = ["#f0b35a", "#8ec5ff", "#f49ac1", "#9bd49b", "#c9b1ff", "#ff9c8a", "#6fd3cf", "#d8c66a"];

export const NAMES_CSS = Array.from({ length: COLOURS }, (_, n) => `.c${n} { color: var(--mt-name-${n}, ${DEFAULTS[n]}); }`).join("\n");

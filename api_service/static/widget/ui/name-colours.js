/** The colours of names: the custom properties `--mt-name-0` to `-7`, which a page may set, and the classes c0 to c7. */

/** The number of colours; all keep a contrast of 4.5 in both colour schemes. */
export const COLOURS = 8;

/** Return the number of a person's colour, the same for the same id everywhere (api_service/pages/rendering.py). */
export function colourOf(id) {
  let hash = 0x811c9dc5; // FNV-1a, 32 bits; folded, as its low bits alone repeat themselves
  for (const character of String(id)) hash = Math.imul(hash ^ character.codePointAt(0), 0x01000193) >>> 0;
  return ((hash ^ (hash >>> 16)) >>> 0) % COLOURS;
}

const DEFAULTS = ["#f0b35a", "#8ec5ff", "#f49ac1", "#9bd49b", "#c9b1ff", "#ff9c8a", "#6fd3cf", "#d8c66a"];

export const NAMES_CSS = Array.from({ length: COLOURS }, (_, n) => `.c${n} { color: var(--mt-name-${n}, ${DEFAULTS[n]}); }`).join("\n");

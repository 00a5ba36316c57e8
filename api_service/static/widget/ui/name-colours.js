/** The colours of names: the custom properties `--mt-name-0` to `-7`, which a page may set, and the classes c0 to c7. */

/** The number of colours; all keep a contrast of 4.5 in both colour schemes. */
export const COLOURS = 8;

/** Return the number of a person's colour, the same for the same id everywhere (api_service/pages/rendering.py). */
export function colourOf(id) {
  let hash = 0x811c9dc5; // FNV-1a, 32 bits; folded, as its low bits alone repeat themselves
  for (const character of String(id)) hash = Math.imul(hash ^ character.codePointAt(0), 0x01000193) >>> 0;
  return ((hash ^ (hash >>> 16)) >>> 0) % COLOURS;
}

/** On a light page, and on a dark one. */
const DEFAULTS = [
  ["#874f00", "#f0b35a"], ["#14599c", "#8ec5ff"], ["#a3215f", "#f49ac1"], ["#286628", "#9bd49b"],
  ["#6239b8", "#c9b1ff"], ["#a8281a", "#ff9c8a"], ["#0c6663", "#6fd3cf"], ["#6a5a00", "#d8c66a"],
];

export const NAMES_CSS = DEFAULTS.map(([light, dark], n) => `.c${n} { color: var(--mt-name-${n}, light-dark(${light}, ${dark})); }`).join("\n");

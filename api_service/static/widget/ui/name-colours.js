/** The colours of people: the custom properties `--mt-name-0` to `-13`, which a page may set, and the classes c0 to c13. */

/** On a light page, and on a dark one: each with a contrast of at least 4.5 on what the widget and the pages put behind names. */
export const COLOURS = [
  ["#874f00", "#f0b35a"], ["#14599c", "#8ec5ff"], ["#a3215f", "#f49ac1"], ["#286628", "#9bd49b"], ["#6239b8", "#c9b1ff"],
  ["#a8281a", "#ff9c8a"], ["#0c6663", "#6fd3cf"], ["#6a5a00", "#d8c66a"], ["#4a6000", "#b9d95e"], ["#006080", "#63cdf0"],
  ["#8b2a9c", "#e8a2f5"], ["#3f4bab", "#a9b4ff"], ["#7a4636", "#dcb29f"], ["#4d5a66", "#b4c3d0"],
];

/** Return the number of a person's colour, the same for the same id everywhere (api_service/pages/faces.py). */
export function colourOf(id) {
  let hash = 0x811c9dc5; // FNV-1a, 32 bits; folded, as its low bits alone repeat themselves
  for (const character of String(id)) hash = Math.imul(hash ^ character.codePointAt(0), 0x01000193) >>> 0;
  return ((hash ^ (hash >>> 16)) >>> 0) % COLOURS.length;
}

export const NAMES_CSS = COLOURS.map(([light, dark], n) => `.c${n} { color: var(--mt-name-${n}, light-dark(${light}, ${dark})); }`).join("\n");

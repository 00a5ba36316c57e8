/**
 * Style sheets for shadow trees. They are constructed by script, so a strict Content-Security-Policy (no inline styles) holds,
 * and a page changes the look through the custom properties named below and `::part()`.
 *
 * --mt-top: how far below the film's upper edge the notices over it begin, for pages that have something of their own there.
 * --mt-bottom: how far above its lower edge the cards over it end, so that they lie over no controls.
 * --mt-surface --mt-raised --mt-edge --mt-field-edge --mt-text --mt-dim --mt-accent --mt-on-accent --mt-alarm
 */

/** What a page does not set follows its color-scheme: on a light page, then on a dark one. The sheets use them as `--_text` and so on. */
const COLOURS = {
  surface: ["#fffdf9", "#171a22"],
  raised: ["#efeae1", "#20242f"],
  edge: ["#ddd6c9", "#2c3140"],
  "field-edge": ["#857d6e", "#6a7187"],
  text: ["#1d1b18", "#f1eee8"],
  dim: ["#5e594f", "#a3a8b5"],
  accent: ["#874f00", "#f0b35a"],
  "on-accent": ["#fffdf9", "#1b1305"],
  alarm: ["#a8281a", "#ff9c8a"],
};

const SHARED = `
  :host { ${Object.entries(COLOURS).map(([name, [light, dark]]) => `--_${name}: var(--mt-${name}, light-dark(${light}, ${dark}));`).join(" ")} }
  :host { color: var(--_text); }
  * { box-sizing: border-box; }
  [hidden] { display: none !important; }
  button, textarea { font: inherit; color: inherit; }
  button { cursor: pointer; }
  button:disabled { cursor: not-allowed; }
  :focus-visible { outline: 2px solid var(--_accent); outline-offset: 2px; }
  .visually-hidden {
    position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap;
  }
  .primary {
    min-height: 2.75rem; padding: .5rem 1.25rem; border: 0; border-radius: 999px; font-weight: 600;
    background: var(--_accent); color: var(--_on-accent);
  }
  .primary:hover { filter: brightness(1.08); }
`;

/** Set a shadow root's style sheets: the shared rules, then the element's own. */
export function adoptStyles(root, css) {
  root.adoptedStyleSheets = [SHARED, css].map((text) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(text);
    return sheet;
  });
}

/** Return a new element: `make("button", { class: "primary", type: "button" }, "Text", child)`; texts are never read as markup. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

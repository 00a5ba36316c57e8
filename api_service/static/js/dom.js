/** Small pieces of markup that scripts make; texts are never read as markup. */

export { make } from "../widget/ui/look.js";
import { colourOf } from "../widget/ui/chat-lines.js";
import { make } from "../widget/ui/look.js";

const SVG = "http://www.w3.org/2000/svg";

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `/static/icons.svg#${name}`);
  svg.append(use);
  return svg;
}

/** A person's initial in their colour. */
export function face({ id, name }) {
  return make("span", { class: `face face--${colourOf(id)}`, "aria-hidden": "true" }, ([...name.trim()][0] ?? "?").toUpperCase());
}

/** A person to tick. */
export function personChoice(person, { checked = false, disabled = false, note = null } = {}) {
  return make("label", { class: "choice choice--person" },
    make("input", { type: "checkbox", name: "friend", value: person.id, checked, disabled }),
    face(person),
    make("span", { dir: "auto" }, person.name, note ? make("small", {}, note) : null));
}

/** Shows that a button's work is under way, and brings it to an end whatever happens. */
export async function busy(button, work) {
  button.setAttribute("aria-busy", "true");
  button.disabled = true;
  try {
    return await work();
  } finally {
    button.removeAttribute("aria-busy");
    button.disabled = false;
  }
}

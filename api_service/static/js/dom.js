/** Small pieces of markup; texts are never read as markup. */

export { face } from "../widget/ui/face.js";
export { make } from "../widget/ui/look.js";
import { face } from "../widget/ui/face.js";
import { make } from "../widget/ui/look.js";
import { icons } from "./page-texts.js";

const SVG = "http://www.w3.org/2000/svg";

/** Return the icon `name` of icons.svg. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${icons}#${name}`);
  svg.append(use);
  return svg;
}

/** Return a labelled checkbox (or another `type` of button) called `name` for a person, with a `note` beside their name. */
export function personChoice(person, { type = "checkbox", name = "friend", checked = false, disabled = false, note = null } = {}) {
  return make("label", { class: "choice choice--person" },
    make("input", { type, name, value: person.id, checked, disabled }),
    face(person),
    make("span", { dir: "auto" }, person.name, note ? make("small", {}, note) : null));
}

/** Return the people whose buttons called `name` in `form` are ticked, by id. */
export function chosenPeople(form, name = "friend") {
  return [...form.querySelectorAll(`input[name=${name}]:checked:not(:disabled)`)].map(({ value }) => value);
}

/** Return the result of `work()`; meanwhile the button is disabled and shows that it works. */
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

/** The menu of what each viewer chooses for themselves, of media-chrome's elements; js/film-choices.js loads it once there is something to choose. */
import "./media-chrome.js";
import "../vendor/media-chrome/menu/media-settings-menu.js";
import "../vendor/media-chrome/menu/media-settings-menu-button.js";
import "../vendor/media-chrome/menu/media-settings-menu-item.js";
import "../vendor/media-chrome/menu/media-captions-menu.js";
import "../vendor/media-chrome/menu/media-audio-track-menu.js";
import "../vendor/media-chrome/menu/media-rendition-menu.js";
import { make } from "./dom.js";
import { LOOKS, changeLook, look, saveData, savesData } from "./film-choices.js";
import { text } from "./page-texts.js";

const controller = document.querySelector("media-controller");
const controls = document.getElementById("controls");

/** Return an item that leads to a menu of its own; `needs` is what must be there for it. */
function part(name, needs, menu) {
  menu.slot = "submenu";
  menu.hidden = true;
  // In place of media-chrome's own, which says in English where it leads.
  menu.prepend(make("button", { slot: "header", part: "back button", type: "button" }, make("span", { "aria-hidden": "true" }, "‹ "), text(`choices.${name}`)));
  return make("media-settings-menu-item", { "data-needs": needs }, text(`choices.${name}`), menu);
}

function looks(name) {
  const menu = make("media-chrome-menu", {}, ...LOOKS[name].map((value) =>
    make("media-chrome-menu-item", { type: "radio", value, checked: value === look(name) }, text(`choices.${name}.${value}`))));
  menu.addEventListener("change", (event) => {
    event.stopPropagation(); // for the menu around it is no choice of its own
    changeLook(name, menu.value);
  });
  return part(name, "captions", menu);
}

const saves = make("media-chrome-menu-item", { type: "checkbox", value: "saves", checked: savesData(), "data-needs": "quality" }, text("choices.saves"));

const menu = make("media-settings-menu", { id: "film-menu", hidden: true, anchor: "auto" },
  part("captions", "captions", make("media-captions-menu")),
  looks("size"),
  looks("colours"),
  part("sound", "sound", make("media-audio-track-menu")),
  part("quality", "quality", make("media-rendition-menu")),
  saves);
const button = make("media-settings-menu-button");

menu.addEventListener("change", ({ target }) => {
  if (target === menu) saveData(saves.checked);
});
// Whoever has chosen a quality by name does not save data any more.
document.getElementById("together").addEventListener("mediarenditionrequest", () => {
  saves.checked = savesData();
});

controller.append(menu);
controls.querySelector("media-fullscreen-button").before(button);

/** Show the parts that there is something to choose of: {captions, sound, quality}. */
export function show(there) {
  for (const one of menu.querySelectorAll("[data-needs]")) one.hidden = !there[one.dataset.needs];
  button.hidden = !Object.values(there).some(Boolean);
  if (button.hidden) menu.hidden = true;
}

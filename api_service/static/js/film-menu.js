/**
 * The menu of what each viewer chooses for themselves, of media-chrome's elements; js/film-choices.js loads it once there is something to choose, and
 * gives it what it needs: in its bundle there are no modules but its own (deploy/pages/build.mjs).
 */
import "./media-chrome-texts.js";
import "../vendor/media-chrome/menu/media-settings-menu.js";
import "../vendor/media-chrome/menu/media-settings-menu-button.js";
import "../vendor/media-chrome/menu/media-settings-menu-item.js";
import { MediaCaptionsMenu } from "../vendor/media-chrome/menu/media-captions-menu.js";
import "../vendor/media-chrome/menu/media-audio-track-menu.js";
import "../vendor/media-chrome/menu/media-rendition-menu.js";
import { make } from "../widget/ui/look.js";

/** A menu of captions, of which `listed` returns those to show. */
class FilmCaptionsMenu extends MediaCaptionsMenu {
  listed = (captions) => captions;

  get mediaSubtitlesList() {
    return this.listed?.(super.mediaSubtitlesList) ?? super.mediaSubtitlesList; // media-chrome's constructor may ask before there is one
  }

  set mediaSubtitlesList(captions) {
    super.mediaSubtitlesList = captions;
  }
}

customElements.define("film-captions-menu", FilmCaptionsMenu);

/**
 * Put the menu and its button among the player's controls, and return what shows its parts that there is something to choose of, {captions, sound,
 * quality}. `text(name)` are its texts; `looks` are the values that each look of captions has; `choices` is {look(name), changeLook(name, value),
 * savesData(), saveData(saves), listed(captions)}.
 */
export function makeMenu({ text, looks, choices }) {
  const saves = make("media-chrome-menu-item", { type: "checkbox", value: "saves", checked: choices.savesData(), "data-needs": "quality" }, text("saves"));
  const menu = make("media-settings-menu", { id: "film-menu", hidden: true, anchor: "auto" },
    make("span", { slot: "header", hidden: true }), // in place of media-chrome's own button, which leads nowhere from here
    part("captions", "captions", Object.assign(make("film-captions-menu"), { listed: choices.listed })),
    ...Object.entries(looks).map(([name, values]) => part(name, "captions", lookMenu(name, values))),
    part("sound", "sound", make("media-audio-track-menu")),
    part("quality", "quality", make("media-rendition-menu")),
    saves);
  const button = make("media-settings-menu-button");
  document.querySelector("media-controller").append(menu);
  document.querySelector("#controls media-fullscreen-button").before(button);

  // media-chrome focuses a menu when a transition of it ends: never where that is cut off, and again with any item's.
  menu.addEventListener("transitionend", (event) => event.stopImmediatePropagation(), true);
  menu.addEventListener("toggle", ({ target, newState }) => {
    if (newState === "open") target.focus();
  });
  menu.addEventListener("change", ({ target }) => {
    if (target === menu) choices.saveData(saves.checked);
  });
  // Whoever has chosen a quality by name does not save data any more.
  document.getElementById("together").addEventListener("mediarenditionrequest", () => {
    saves.checked = choices.savesData();
  });

  /** Return an item that leads to a menu of its own; `needs` is what must be there for it. */
  function part(name, needs, submenu) {
    submenu.slot = "submenu";
    submenu.hidden = true;
    // In place of media-chrome's own, which says in English where it leads.
    const back = make("button", { slot: "header", part: "back button", type: "button", role: "menuitem", tabindex: -1 }, make("span", { "aria-hidden": "true" }, "‹"), text(name));
    submenu.prepend(back);
    return make("media-settings-menu-item", { "data-needs": needs }, text(name), submenu);
  }

  function lookMenu(name, values) {
    const submenu = make("media-chrome-menu", {}, ...values.map((value) =>
      make("media-chrome-menu-item", { type: "radio", value, checked: value === choices.look(name) }, text(`${name}.${value}`))));
    submenu.addEventListener("change", (event) => {
      event.stopPropagation(); // for the menu around it is no choice of its own
      choices.changeLook(name, submenu.value);
    });
    return submenu;
  }

  return (there) => {
    for (const one of menu.querySelectorAll("[data-needs]")) one.hidden = !there[one.dataset.needs];
    button.hidden = !Object.values(there).some(Boolean);
    if (button.hidden) menu.hidden = true;
  };
}

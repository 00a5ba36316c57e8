/**
 * Full screen is the room: the film fills the screen, and the room's head, people and chat lie over it, or the chat beside it.
 *
 * Where only a video may go full screen (iPhone), and on a phone that lies on its side, the room fills the page instead.
 */
import { load, save } from "../widget/core/storage.js";
import { text } from "./page-texts.js";

const hall = document.getElementById("hall");
const together = document.getElementById("together");
const chat = hall.querySelector("movie-together-chat");
const controller = hall.querySelector("media-controller");
const fullScreenButton = hall.querySelector("media-fullscreen-button");
const sideButton = document.getElementById("chat-side");
const peopleButton = document.getElementById("people-button");
const peopleClose = document.getElementById("people-close");
const people = document.getElementById("people");

const SIDE_KEY = "movie-together.chat-beside";

/** A phone on its side. One that stands is narrower, also while its keyboard leaves less height than width; a frame may be as low as this. */
const onItsSide = matchMedia("(max-height: 480px) and (min-width: 560px)");
const isFramed = parent !== window;

/** A phone that stands: beside a chat the film would be as small as a stamp. */
const isNarrow = matchMedia("(max-width: 37.5rem) and (orientation: portrait)");

let filling = false;

/** Enter or leave full screen. */
export function toggleFullScreen() {
  if (filling) fill(false);
  else if (document.fullscreenElement) document.exitFullscreen();
  else if (hall.requestFullscreen) hall.requestFullscreen().catch(() => fill(true)); // a frame may be forbidden it
  else fill(true);
}

/** Let the viewer write, also where the chat lies over the film. */
export function writeInChat() {
  chat.focus();
}

function fill(on) {
  filling = on;
  fullScreenButton.toggleAttribute("mediaisfullscreen", on); // its icon, and which request it makes next
  show();
}

function show() {
  const full = filling || (onItsSide.matches && !isFramed) || document.fullscreenElement === hall;
  const beside = load(SIDE_KEY) === "yes" && !isNarrow.matches;
  hall.classList.toggle("full", full);
  hall.classList.toggle("full--beside", full && beside);
  chat.toggleAttribute("overlay", full && !beside);
  sideButton.hidden = isNarrow.matches;
  sideButton.setAttribute("aria-pressed", String(beside));
}

// -- the player's button --------------------------------------------------------------------------------------------

// media-chrome 4.19 does not observe its attribute `fullscreenelement`; the property works once the element is defined.
customElements.whenDefined("media-controller").then(() => {
  controller.fullscreenElement = hall;
});

for (const [type, on] of [["mediaenterfullscreenrequest", true], ["mediaexitfullscreenrequest", false]]) {
  hall.addEventListener(type, (event) => {
    if (hall.requestFullscreen && !filling) return; // the controller's
    event.stopImmediatePropagation();
    fill(on);
  }, true);
}

document.addEventListener("fullscreenchange", show);
for (const query of [onItsSide, isNarrow]) query.addEventListener("change", show);
document.addEventListener("keydown", ({ key, defaultPrevented }) => {
  if (key === "Escape" && filling && !defaultPrevented && !document.querySelector("dialog[open]")) fill(false);
});
show();

// -- the chat and the people over the film --------------------------------------------------------------------------

document.getElementById("write").addEventListener("click", writeInChat);

sideButton.addEventListener("click", () => {
  save(SIDE_KEY, sideButton.getAttribute("aria-pressed") === "true" ? "no" : "yes");
  show();
});

/** Enter in an empty field gives the keys back to the film; Escape would leave full screen. Asked before the field has sent its text. */
chat.addEventListener("keydown", (event) => {
  const [field] = event.composedPath();
  if (event.key === "Enter" && chat.hasAttribute("overlay") && field.value === "") field.blur();
}, true);

peopleButton.addEventListener("click", () => showPeople(!peopleAreShown()));
peopleClose.addEventListener("click", () => showPeople(false));
people.addEventListener("keydown", ({ key, defaultPrevented }) => {
  if (key === "Escape" && !defaultPrevented && peopleAreShown()) showPeople(false);
});

/** A press beside the people closes them, as it does a menu, and still does what it was for. */
document.addEventListener("pointerdown", (event) => {
  const path = event.composedPath();
  if (peopleAreShown() && !path.includes(people) && !path.includes(peopleButton)) showPeople(false, { focus: false });
});

function peopleAreShown() {
  return peopleButton.getAttribute("aria-expanded") === "true";
}

function showPeople(shown, { focus = true } = {}) {
  peopleButton.setAttribute("aria-expanded", String(shown));
  hall.classList.toggle("with-people", shown);
  if (focus) (shown ? peopleClose : peopleButton).focus({ preventScroll: true });
}

together.addEventListener("mt-members", ({ detail }) => {
  const label = text("people", { n: detail.members.length });
  peopleButton.setAttribute("aria-label", label);
  peopleButton.title = label;
  peopleButton.querySelector("span").textContent = detail.members.length;
});

together.addEventListener("mt-status", () => {
  const over = together.endReason !== null;
  for (const button of [peopleButton, sideButton, document.getElementById("write")]) button.hidden = over;
  if (over) showPeople(false, { focus: false });
});

/** The film's keys, wherever on the page the focus is but where somebody writes; by a key's place, so that the layout does not matter. */
import { toggleCaptions } from "./film-choices.js";
import { changeVolume, muteOrUnmute, playOrPause, seekBy, seekTo } from "./film-control.js";
import { toggleFullScreen, writeInChat } from "./full-screen.js";

const help = document.getElementById("keys");

const VOLUME_STEP = 0.05;

/** What each key does, by `KeyboardEvent.code` (UI Events KeyboardEvent code Values, 3.1). */
const KEYS = {
  Space: playOrPause,
  KeyK: playOrPause,
  ArrowLeft: () => seekBy(-5),
  ArrowRight: () => seekBy(5),
  KeyJ: () => seekBy(-10),
  KeyL: () => seekBy(10),
  ArrowUp: () => changeVolume(VOLUME_STEP),
  ArrowDown: () => changeVolume(-VOLUME_STEP),
  KeyM: muteOrUnmute,
  KeyF: toggleFullScreen,
  KeyC: toggleCaptions,
  Enter: writeInChat,
  ...Object.fromEntries([...Array(10).keys()].flatMap((n) => [[`Digit${n}`, () => seekTo(n / 10)], [`Numpad${n}`, () => seekTo(n / 10)]])),
};

/** Keys that what has the focus may need itself: to be pressed, scrolled or moved. */
const OF_THE_FOCUSED = new Set(["Space", "Enter", "ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"]);

const PRESSED = ":is(button, a[href], input:not([type=range]), summary, [role=button], [role^=menuitem], [role=log])";
const MOVED = ":is(input, [role=slider], [role=menuitem], [role=log])";

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  const [focused] = event.composedPath();
  if (isWritten(focused) || document.querySelector("dialog[open]")) return;
  const act = event.key === "?" ? () => help.showModal() : event.shiftKey ? undefined : KEYS[event.code];
  if (!act || (OF_THE_FOCUSED.has(event.code) && isUsed(focused, event.code))) return;
  event.preventDefault();
  if (event.repeat && ["Space", "KeyK", "KeyM", "KeyF", "KeyC"].includes(event.code)) return;
  act();
});

/** After a press by a pointer the keys are the film's again, not the pressed button's. */
document.getElementById("controls").addEventListener("click", ({ detail, target: pressed }) => {
  if (detail > 0 && !isWritten(pressed)) pressed.blur();
});

function isWritten(node) {
  return node.matches?.("textarea, select, [contenteditable], input:not([type=range], [type=checkbox], [type=radio])") ?? false;
}

/** Return whether an element with the focus does something itself at such a key: what is pressed, what moves, what scrolls. */
function isUsed(node, code) {
  return node.matches(code.startsWith("Arrow") ? MOVED : PRESSED);
}

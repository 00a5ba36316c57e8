/** Presses on the picture: one plays or pauses, two mean full screen; two taps at a side go ten seconds there, each further one another ten. */
import { make } from "./dom.js";
import { playOrPause, seekBy } from "./film-control.js";
import { toggleFullScreen } from "./full-screen.js";
import { text } from "./page-texts.js";

const together = document.getElementById("together");
const controller = together.querySelector("media-controller");
const video = controller.querySelector("video");

/** A press that no other follows within this time is meant alone: nobody's film may stop and run for a double one. */
const ALONE_AFTER_MS = 250;

/** A tap within this time of the last one at the same side goes on. */
const TAPS_WITHIN_MS = 500;
const STEP_S = 10;

const SHOWN_MS = 900;

/** This much of the picture's width at each side. */
const SIDE = 1 / 3;

let byTouch = false;
let alone = null;
let last = { side: 0, atMs: -Infinity };

const skipped = make("span", { "aria-hidden": "true" });
let sum = 0;
let fade = null;

const isPicture = (event) => event.target === video || event.target === controller;

controller.addEventListener("pointerdown", ({ pointerType }) => (byTouch = pointerType === "touch"), true);

// Above the controller, whose own answer to a press knows one only; with `gesturesdisabled` it gives none.
together.addEventListener("click", (event) => {
  if (!isPicture(event)) return;
  if (byTouch) tap(event.clientX);
  else press(event.detail);
});

/** `nth` is the press's number in a row, as the system counts them. */
function press(nth) {
  clearTimeout(alone);
  if (nth <= 1) alone = setTimeout(playOrPause, ALONE_AFTER_MS);
  else if (nth === 2) toggleFullScreen();
}

function tap(x) {
  const { left, width } = controller.getBoundingClientRect();
  const part = (x - left) / width;
  const side = part < SIDE ? -1 : part > 1 - SIDE ? 1 : 0;
  const now = performance.now();
  const goesOn = side === last.side && now - last.atMs < TAPS_WITHIN_MS;
  last = { side, atMs: now };
  if (!goesOn) return;
  if (side === 0) {
    last.atMs = -Infinity; // a third tap is a first one again
    toggleFullScreen();
    return;
  }
  seekBy(side * STEP_S);
  showSkipped(side * STEP_S);
}

/** Show how far all taps in a row went, at their side; the player's time tells it to who does not see. */
function showSkipped(s) {
  const goesOn = skipped.isConnected && Math.sign(sum) === Math.sign(s);
  sum = goesOn ? sum + s : s;
  skipped.className = `skipped skipped--${s < 0 ? "back" : "on"}`;
  skipped.textContent = text("skipped", { n: `${s < 0 ? "−" : "+"}${Math.abs(sum)}` });
  together.append(skipped);
  clearTimeout(fade);
  fade = setTimeout(() => skipped.remove(), SHOWN_MS);
}

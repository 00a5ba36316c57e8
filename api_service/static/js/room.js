/** The room's page around the widget: the player's controls, the connection's state, invitations, closing the room. */
import "../widget/movie-together.js";
import "../widget/chat.js";
import "../widget/people.js";
import "../widget/reactions.js";
import "./alerts.js";
import "./blocking.js";
import "./full-screen.js";
import "./gestures.js";
import "./invitations.js";
import "./keys.js";
import "./room-settings.js";
import "./room-film.js";
import "./room-title.js";
import "./film-choices.js";
import "./film-change.js";
import "./film-over.js";
import "./shown-outside.js";
import "./visible-height.js";
import { textsFor } from "../widget/ui/translations.js";
import { controlPhrase } from "../widget/ui/phrases.js";
import { call } from "./api.js";
import { busy, make } from "./dom.js";
import { text } from "./page-texts.js";
import { tellProblem } from "./toasts.js";

const hall = document.getElementById("hall");
const together = document.getElementById("together");
const video = together.querySelector("video");
const line = document.getElementById("line");
const note = document.getElementById("note");
const rate = document.getElementById("rate");
const { code } = hall.dataset;

// -- the player -----------------------------------------------------------------------------------------------------

async function loadControls() {
  try {
    await import("./media-chrome.js");
    // Not earlier: until a button knows the player's state, «play» would pause and «10 s forward» would go to the tenth second.
    document.getElementById("controls").hidden = false;
  } catch (error) {
    console.warn("media-chrome is not served here; the browser's own controls are used", error);
    video.controls = true;
  }
}

loadControls();

rate.addEventListener("change", () => {
  together.setRate(Number(rate.value)).catch(() => showRate());
});

together.addEventListener("mt-state", ({ detail }) => {
  showRate();
  together.classList.toggle("no-control", !detail.mayControl);
  rate.disabled = !detail.mayControl;
  if (!detail.mayControl) {
    note.textContent = controlPhrase(together.room, textsFor(together));
    note.dataset.about = "control";
    note.hidden = false;
  } else {
    note.hidden = true; // also what the page said of a planned start before the player says it
  }
});

function showRate() {
  const playing = together.room?.playback.rate;
  if (playing === undefined) return;
  if (![...rate.options].some(({ value }) => Number(value) === playing)) {
    rate.append(make("option", { value: String(playing) }, `${playing}×`));
  }
  rate.value = [...rate.options].find(({ value }) => Number(value) === playing).value;
}

// -- the connection -------------------------------------------------------------------------------------------------

/** The state shown for each status of the connection. */
const LINES = { live: "live", joining: "connecting", connecting: "connecting", waiting: "lost", closed: "closed", stopped: "stopped" };
let entered = false;

/** What opens a dialog of the room's page: nothing of that can be done by who is out of the room. */
const openers = document.querySelectorAll(".hall__head [data-opens]");

together.addEventListener("mt-status", ({ detail }) => {
  let state = LINES[detail.status];
  entered ||= state === "live";
  if (entered && state === "connecting") state = "lost";
  line.dataset.line = state;
  const label = text(`line.${state}`);
  if (line.textContent !== label) line.textContent = label;
});

together.addEventListener("mt-status", () => {
  const over = together.endReason !== null;
  for (const opener of openers) opener.hidden = over;
  document.querySelector(".hall__people").hidden = over;
  document.getElementById("to-recap").hidden = together.endReason !== "room_closed";
  hall.classList.toggle("out", over && !together.room); // somebody who never was inside has no chat to read
  if (!over) return;
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
});

/** Whoever is invited into a room that lets nobody in is told so by the room; who invites, here. */
const inviteNote = document.getElementById("invite-note");

function showWhetherOpen() {
  const { room, members } = together.room;
  for (const words of document.querySelectorAll("[data-access]")) words.hidden = words.dataset.access !== room.access;
  const reason = room.settings.locked ? "invite.locked" : members.length >= room.settings.capacity ? "invite.full" : null;
  inviteNote.hidden = !reason;
  if (reason) inviteNote.textContent = text(reason);
}

together.addEventListener("mt-state", showWhetherOpen);

// -- closing --------------------------------------------------------------------------------------------------------

document.getElementById("close-now")?.addEventListener("click", async ({ currentTarget }) => {
  try {
    await busy(currentTarget, () => call("DELETE", `/rooms/${code}`));
    document.getElementById("close-room").close();
  } catch (error) {
    tellProblem(error);
  }
});

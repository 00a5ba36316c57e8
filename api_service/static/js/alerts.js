/** Tells of messages while the page is hidden, where that was switched on (js/alert-settings.js): one notification a room, and a soft sound. */
import { mentions } from "../widget/core/message-parts.js";
import { isOn, turn } from "./alert-settings.js";
import { text } from "./page-texts.js";
import { ROOT } from "./root.js";
import { toast } from "./toasts.js";

const hall = document.getElementById("hall");
const together = document.getElementById("together");
const title = document.getElementById("hall-title");
const button = document.getElementById("alerts");

const tag = `room-${hall.dataset.code}`;

/** Messages that follow each other sooner than this make one sound, unless they mention the viewer. */
const SOUND_EVERY_MS = 3_000;

/** Of what was said before a lost connection came back nobody is told one by one, nor of what is long over. */
const YOUNG_MS = 60_000;

let shown = null;
let audio = null;
let soundedMs = -Infinity;

together.addEventListener("mt-event", ({ detail: event }) => {
  if (event.type === "said" && document.hidden) tell(event.message);
});

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) withdraw();
});

function tell(message) {
  const { you, names } = together.room;
  if (message.author.id === you.id || together.blocked.includes(message.author.id) || together.serverMs - message.sent_ms > YOUNG_MS) return;
  const mentioned = mentions(message.text, you.id, names);
  if (isOn("sound")) sound({ mentioned });
  if (isOn("notifications")) notify(message, { mentioned });
}

// -- the system's notification --------------------------------------------------------------------------------------

async function notify({ author, text: said, position_ms: positionMs }, { mentioned }) {
  const held = positionMs > together.spoilersFromMs; // it is about a place that this viewer has not seen yet
  const options = {
    body: held ? text("alerts.held") : said, tag, renotify: mentioned, silent: true, icon: `${ROOT}static/app/icon-192.png`, data: { url: location.href },
  };
  const heading = `${author.name} · ${title.textContent}`;
  try {
    shown = new Notification(heading, options);
    shown.addEventListener("click", () => {
      window.focus();
      withdraw();
    });
  } catch {
    // On Android only a service worker may show one (js/service-worker.js answers the press).
    const worker = await navigator.serviceWorker?.getRegistration();
    await worker?.showNotification(heading, options);
  }
}

async function withdraw() {
  shown?.close();
  shown = null;
  const worker = await navigator.serviceWorker?.getRegistration();
  for (const one of (await worker?.getNotifications({ tag })) ?? []) one.close();
}

// -- the sound ------------------------------------------------------------------------------------------------------

/** Two soft notes, one after the other; a mention has a third. Each is {hz, at (s)}. */
const NOTES = [{ hz: 587.33, at: 0 }, { hz: 880, at: 0.11 }];
const MENTION = { hz: 1174.66, at: 0.22 };
const LOUDNESS = 0.06;
const NOTE_S = 0.35;

function sound({ mentioned = false } = {}) {
  const now = performance.now();
  if (!mentioned && now - soundedMs < SOUND_EVERY_MS) return;
  soundedMs = now;
  audio ??= new AudioContext();
  audio.resume(); // refused until somebody has touched the page
  for (const { hz, at } of mentioned ? [...NOTES, MENTION] : NOTES) play(hz, audio.currentTime + at);
}

function play(hz, fromS) {
  const gain = new GainNode(audio, { gain: 0 });
  gain.gain.setValueAtTime(0, fromS);
  gain.gain.linearRampToValueAtTime(LOUDNESS, fromS + 0.02);
  gain.gain.exponentialRampToValueAtTime(0.0001, fromS + NOTE_S);
  const note = new OscillatorNode(audio, { frequency: hz });
  note.connect(gain).connect(audio.destination);
  note.start(fromS);
  note.stop(fromS + NOTE_S);
}

// -- the switch in the room -----------------------------------------------------------------------------------------

const showSwitch = () => button.setAttribute("aria-pressed", String(isOn("sound") || isOn("notifications")));

button.addEventListener("click", async () => {
  const on = button.getAttribute("aria-pressed") === "false";
  await turn("sound", on);
  if (on) sound(); // as it will be
  const notifies = await turn("notifications", on);
  showSwitch();
  if (!on) toast(text("alerts.off"));
  else toast(text("alerts.on"), notifies ? text("alerts.on.text") : text("alerts.sound_only"));
});

together.addEventListener("mt-status", () => {
  button.hidden = together.endReason !== null;
});
showSwitch();

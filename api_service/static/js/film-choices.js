/**
 * What each viewer chooses for themselves and nobody else: captions and how they look, the sound track, the quality. The browser remembers it over
 * rooms. The menu is loaded once there is something to choose.
 */
import { load, save } from "../widget/core/storage.js";
import { bestWithin, tracksOf } from "../widget/streams/tracks.js";
import { insteadOf, listed, offered } from "./caption-choices.js";
import { lang, text } from "./page-texts.js";

const together = document.getElementById("together");
const controller = together.querySelector("media-controller");
const video = controller.querySelector("video");
const { sound: sounds, qualities } = tracksOf(video); // made now: the player's controls look for them once

/** The best picture of who wants to save data. */
const SAVING_HEIGHT = 480;

/** How captions may look: each is `data-captions-NAME` of the video (css/hall.css), and the first value stands for none. */
const LOOKS = { size: ["normal", "large", "very_large", "small"], colours: ["white_on_black", "yellow_on_black", "black_on_white", "outlined"] };

const key = (name) => `movie-together.${name}`;

function chosen(name) {
  try {
    return JSON.parse(load(key(name)));
  } catch {
    return null; // another version's
  }
}

function remember(name, choice) {
  save(key(name), JSON.stringify(choice));
}

// -- captions and sound ---------------------------------------------------------------------------------------------

const allCaptions = () => [...video.textTracks].filter(({ kind }) => kind === "captions" || kind === "subtitles");
const isCatalogued = (track) => [...video.querySelectorAll("track")].some((element) => element.track === track);
const captions = () => offered(allCaptions(), isCatalogued);
const shown = () => captions().find(({ mode }) => mode === "showing") ?? null;
const isIn = (language) => (track) => track.language.split("-")[0].toLowerCase() === language?.split("-")[0].toLowerCase();

/** Return the track that is like the one that was chosen before, in another film perhaps; null if none is. */
function like(wanted, tracks) {
  const same = [...tracks].filter(isIn(wanted.language));
  const called = same.filter(({ label }) => label === wanted.label);
  return called.find(({ kind }) => kind === wanted.kind) ?? called[0] ?? same[0] ?? null;
}

function showCaptions(track) {
  for (const one of captions()) {
    if (one === track) one.mode = "showing";
    else if (one.mode === "showing") one.mode = "disabled";
  }
}

/** As it was chosen, or, by who never chose, as the film has it. */
function applyCaptions() {
  const wanted = chosen("captions");
  if (wanted) showCaptions(wanted.on ? like(wanted, captions()) : null);
}

function rememberCaptions() {
  const track = shown();
  remember("captions", { ...chosen("captions"), ...(track && { language: track.language, label: track.label, kind: track.kind }), on: track !== null });
}

/** Show captions, those chosen last or else of the page's language, or none. */
export function toggleCaptions() {
  const tracks = captions();
  if (tracks.length === 0) return;
  const wanted = chosen("captions");
  showCaptions(shown() ? null : (wanted && like(wanted, tracks)) ?? tracks.find(isIn(lang)) ?? tracks[0]);
  rememberCaptions();
}

function applySound() {
  const wanted = chosen("sound");
  const track = wanted && like(wanted, sounds);
  if (track) track.enabled = true;
}

// -- quality --------------------------------------------------------------------------------------------------------

/** {height}: at most; {saves: true}: little data; neither: what the line allows. */
const quality = () => chosen("quality") ?? { saves: navigator.connection?.saveData === true };

/** Whether the viewer saves data: so says the menu, or, before that, the system. */
const savesData = () => quality().saves === true;

/** Take or leave saving of data. @param {boolean} saves */
function saveData(saves) {
  remember("quality", { saves });
  applyQuality();
}

function applyQuality() {
  const { height, saves } = quality();
  qualities.maxHeight = saves ? SAVING_HEIGHT : Infinity;
  if (qualities.length) qualities.selectedIndex = height ? bestWithin([...qualities], height) : -1;
}

function rememberQuality() {
  const { height } = qualities[qualities.selectedIndex] ?? {};
  remember("quality", height ? { height } : { saves: savesData() });
  applyQuality();
}

// -- how captions look ----------------------------------------------------------------------------------------------

const attribute = (name) => `captions${name[0].toUpperCase()}${name.slice(1)}`;

/** Return which of LOOKS[name] is chosen. */
const look = (name) => (LOOKS[name].includes(chosen("captions-look")?.[name]) ? chosen("captions-look")[name] : LOOKS[name][0]);

/** Choose one of LOOKS[name]. */
function changeLook(name, value) {
  remember("captions-look", { ...chosen("captions-look"), [name]: value });
  applyLook();
}

function applyLook() {
  for (const name of Object.keys(LOOKS)) video.dataset[attribute(name)] = look(name);
}

// -- the menu -------------------------------------------------------------------------------------------------------

let menu = null;

function offer() {
  const there = { captions: captions().length > 0, sound: sounds.length > 1, quality: qualities.length > 1 };
  if (!menu && Object.values(there).some(Boolean)) {
    menu = loadMenu().catch((error) => {
      console.warn("the menu of captions, sound and quality did not load", error);
      menu = null; // the next film tries again
    });
  }
  menu?.then((show) => show?.(there));
}

async function loadMenu() {
  const [{ makeMenu }] = await Promise.all([import("./film-menu.js"), customElements.whenDefined("media-controller")]);
  return makeMenu({ text: (name) => text(`choices.${name}`), looks: LOOKS, choices: { look, changeLook, savesData, saveData, listed: (entries) => listed(entries, allCaptions(), isCatalogued) } });
}

for (const [list, add, remove, apply] of [
  [video.textTracks, "addtrack", "removetrack", applyCaptions],
  [sounds, "addtrack", "removetrack", applySound],
  [qualities, "addrendition", "removerendition", applyQuality],
]) {
  list.addEventListener(add, () => {
    apply();
    offer();
  });
  list.addEventListener(remove, offer);
}

// A library may show the captions that its stream has by default after they were added; and the menu, all those that are called alike.
video.textTracks.addEventListener("change", () => {
  const all = allCaptions();
  for (const track of all) {
    const better = track.mode === "showing" ? insteadOf(track, all, isCatalogued) : null;
    if (!better) continue;
    track.mode = "disabled";
    if (!shown()) better.mode = "showing";
  }
  const wanted = chosen("captions");
  if (wanted && (wanted.on ? like(wanted, captions()) : null) !== shown()) applyCaptions();
});

// The menu's requests, once the controller has carried them out.
for (const [type, note] of Object.entries({
  mediashowsubtitlesrequest: rememberCaptions,
  mediadisablesubtitlesrequest: rememberCaptions,
  mediaaudiotrackrequest: () => {
    const { language, label } = [...sounds].find(({ enabled }) => enabled) ?? {};
    if (label !== undefined) remember("sound", { language, label });
  },
  mediarenditionrequest: rememberQuality,
})) together.addEventListener(type, note);

applyLook();
applyCaptions();
applySound();
applyQuality();
offer();

/** The film on the room's page: its source, poster, title and description, and those of another one once the room goes on with that. */
import { attachSource } from "../widget/sources.js";
import { call } from "./api.js";
import { offerCaptions } from "./film-captions.js";
import { showTitle } from "./room-title.js";
import { tellProblem } from "./toasts.js";

const hall = document.getElementById("hall");
const together = document.getElementById("together");
const video = together.querySelector("video");
let attached = null; // resolves to a function that removes the source
let changing = Promise.resolve();
let refusal = null;

showFilm();
together.addEventListener("mt-film", () => {
  changing = changing.then(changeFilm); // one after the other
});

function showFilm() {
  together.expected = JSON.parse(hall.dataset.expected);
  if (video.dataset.poster) video.poster = video.dataset.poster;
  else video.removeAttribute("poster");
  offerCaptions(JSON.parse(video.dataset.captions));
  // Some films are shown on the cinema's own page only, and have no source for ours.
  const { film, source, type, expires } = video.dataset;
  const first = source ? { url: source, type, expires: expires || null } : null;
  attached = film ? attachSource(video, first, { refresh: () => askSource(film) }).catch(tellFailure) : null;
}

/** Ask where this viewer plays the film from now on; the cinema's reason why not is told once. */
async function askSource(film) {
  try {
    return await call("GET", `/films/${film}/source?room=${hall.dataset.code}`);
  } catch (error) {
    if (error.status === 403 && error.detail !== refusal) tellProblem(error);
    refusal = error.detail;
    throw error;
  }
}

function tellFailure(error) {
  console.error(error);
  video.dispatchEvent(new Event("error"));
}

/** Take everything about the film from the page as it is now, and leave the rest, the connection and unsent texts above all, alone. */
async function changeFilm() {
  try {
    const answer = await fetch(location.href);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    // What this page lets in was said when it was loaded.
    if (!originsOf(page).every((origin) => originsOf(document).includes(origin))) return location.reload();
    const detach = await attached;
    takeOver(page);
    detach?.();
    showFilm();
  } catch (error) {
    console.error(error);
    location.reload(); // it was no page of a room: the viewer sees what it was instead
  }
  return undefined;
}

function originsOf(page) {
  return page.getElementById("hall").dataset.origins.split(" ").filter(Boolean);
}

function takeOver(page) {
  const { poster = "", film = "", source = "", type = "", expires = "", captions } = page.querySelector("movie-together video").dataset;
  Object.assign(video.dataset, { poster, film, source, type, expires, captions });
  together.setAttribute("film", page.querySelector("movie-together").getAttribute("film"));
  const { expected: people, film: filmTitle } = page.getElementById("hall").dataset;
  Object.assign(hall.dataset, { expected: people, film: filmTitle });
  document.getElementById("hall-about").replaceChildren(...page.getElementById("hall-about").childNodes);
  const field = document.getElementById("room-title");
  if (field) field.placeholder = filmTitle;
  showTitle();
}

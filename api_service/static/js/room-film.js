/** The film on the room's page: its source, poster, title and description, and those of another one once the room goes on with that. */
import { attachSource } from "../widget/sources.js";

const hall = document.getElementById("hall");
const together = document.getElementById("together");
const video = together.querySelector("video");
let attached = null; // resolves to a function that removes the source
let changing = Promise.resolve();

showFilm();
together.addEventListener("mt-film", () => {
  changing = changing.then(changeFilm); // one after the other
});

function showFilm() {
  together.expected = JSON.parse(hall.dataset.expected);
  if (video.dataset.poster) video.poster = video.dataset.poster;
  else video.removeAttribute("poster");
  // Some films are shown on the cinema's own page only, and have no source for ours.
  attached = video.dataset.source ? attachSource(video, video.dataset.source).catch(tellFailure) : null;
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
    const detach = await attached;
    takeOver(page);
    detach?.();
    showFilm();
  } catch (error) {
    console.error(error);
    location.reload(); // it was no page of a room: the viewer sees what it was instead
  }
}

function takeOver(page) {
  const { poster = "", source = "" } = page.querySelector("movie-together video").dataset;
  Object.assign(video.dataset, { poster, source });
  hall.dataset.expected = page.getElementById("hall").dataset.expected;
  for (const id of ["hall-title", "hall-about"]) document.getElementById(id).replaceChildren(...page.getElementById(id).childNodes);
  const field = document.getElementById("room-title");
  if (field) field.placeholder = field.dataset.film = page.getElementById("room-title").dataset.film;
  const [unread] = document.title.match(/^\(\d+\) /) ?? [""];
  document.title = unread + page.title;
}

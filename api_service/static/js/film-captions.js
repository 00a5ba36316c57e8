/** The captions that the catalogue has beside a film, as tracks of the player; none is loaded before somebody shows it. */
import { make } from "./dom.js";

const video = document.querySelector("movie-together video");
let tracks = []; // [{element, url}]

/** Show what there is for the film: [{language, label, url}], in place of the last film's. */
export function offerCaptions(captions) {
  for (const { element } of tracks) {
    URL.revokeObjectURL(element.src);
    element.remove();
  }
  tracks = captions.map(({ language, label, url }) => ({ url, element: make("track", { kind: "subtitles", srclang: language, label }) }));
  video.append(...tracks.map(({ element }) => element));
}

video.textTracks.addEventListener("change", () => {
  for (const track of tracks) if (track.element.track.mode === "showing" && !track.asked) loadCaptions(track);
});

/** A <track> takes a foreign host's file only where the film's own host allows that too (CORS); fetched, it is this page's. */
async function loadCaptions(track) {
  track.asked = true;
  try {
    const answer = await fetch(track.url);
    if (!answer.ok) throw new TypeError(`the captions answered ${answer.status}`);
    const file = new Blob([await answer.text()], { type: "text/vtt" });
    if (tracks.includes(track)) track.element.src = URL.createObjectURL(file);
  } catch (error) {
    console.warn("captions did not load", track.url, error);
    track.asked = false; // shown once more, they are asked for again
  }
}

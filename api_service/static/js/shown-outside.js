/** What the browser and the system show of the room: how much is unread in the tab's title and icon, film and poster beside the media keys. */
import { ROOT } from "./root.js";

const title = document.getElementById("hall-title");
const icon = document.querySelector('link[rel="icon"]');
const video = document.querySelector("media-controller video");
const site = document.querySelector(".brand").textContent.trim();
const ICONS = { read: icon.href, unread: `${ROOT}static/icon-unread.svg` };

document.addEventListener("mt-unread", ({ detail }) => {
  const read = document.title.replace(/^\(\d+\) /, "");
  document.title = detail.unread ? `(${detail.unread}) ${read}` : read;
  const wanted = detail.unread ? ICONS.unread : ICONS.read;
  if (icon.href !== wanted) icon.href = wanted; // setting it, even to the same, makes a browser fetch it
});

/** Without it the system shows the site's address. */
function describeFilm() {
  if (!("mediaSession" in navigator)) return;
  const artwork = video.poster ? [{ src: video.poster }] : [];
  navigator.mediaSession.metadata = new MediaMetadata({ title: title.textContent, artist: site, artwork });
}

new MutationObserver(describeFilm).observe(title, { childList: true, characterData: true, subtree: true });
new MutationObserver(describeFilm).observe(video, { attributeFilter: ["poster"] });
describeFilm();

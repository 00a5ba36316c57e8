/**
 * What keys and gestures on the page ask of the player, as its own controls do. <movie-together> takes what moves the film: it asks the room,
 * or shows why it may not. The rest is the controller's, which remembers the volume.
 */
const controller = document.querySelector("media-controller");
const video = controller.querySelector("video");

/** Further presses within this time go on from where the last one led: the room's answer has not moved the film yet. */
const GOES_ON_MS = 1_000;

let target = { s: 0, atMs: -Infinity };

function request(type, detail) {
  controller.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }));
}

/** Ask for the film to run, or to stand. */
export function playOrPause() {
  request(video.paused ? "mediaplayrequest" : "mediapauserequest");
}

/** Ask for a place this far from where the film is. @param {number} seconds */
export function seekBy(seconds) {
  const now = performance.now();
  const from = now - target.atMs < GOES_ON_MS ? target.s : video.currentTime;
  seek(Math.max(0, Math.min(from + seconds, video.duration || Infinity)));
}

/** Ask for a part, 0 to 1, of the film's length; a broadcast has none. @param {number} part */
export function seekTo(part) {
  if (Number.isFinite(video.duration)) seek(part * video.duration);
}

function seek(s) {
  target = { s, atMs: performance.now() };
  request("mediaseekrequest", s);
}

/** Ask for another volume, by this part of the loudest; it ends a silence. @param {number} by */
export function changeVolume(by) {
  request("mediavolumerequest", Math.max(0, Math.min(1, video.volume + by)));
}

/** Ask for silence, or for sound again. */
export function muteOrUnmute() {
  request(video.muted ? "mediaunmuterequest" : "mediamuterequest");
}

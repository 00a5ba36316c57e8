/** Plays a file, or a stream that the browser plays by itself. */

/** Set the address and return {close()}. */
export function openFile(video, url) {
  video.src = url;
  return { close: () => video.removeAttribute("src") };
}

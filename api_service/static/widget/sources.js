/** Sets a <video>'s source: a file directly, an HLS stream (.m3u8) through hls.js, or natively where hls.js does not run. */

const HLS = new URL("../vendor/hls.js/hls.min.mjs", import.meta.url);
const HLS_TYPE = "application/vnd.apple.mpegurl";

const RELOAD_AFTER_MS = 2_000;

/** Retry after an error that hls.js, which repeats requests itself, calls fatal; what cannot be retried becomes the video's error. */
function recover(hls, Hls, error, video) {
  if (error.type === Hls.ErrorTypes.NETWORK_ERROR && error.response?.code !== 404) setTimeout(() => hls.startLoad(), RELOAD_AFTER_MS);
  else if (error.type === Hls.ErrorTypes.MEDIA_ERROR && !hls.recovered) {
    hls.recovered = true;
    hls.recoverMediaError();
  } else video.dispatchEvent(new Event("error"));
}

/**
 * Resolve to a function that removes the source, once it is set; reject if this browser cannot play the stream. `hls` is hls.js, or a
 * function that imports it; without it ours is loaded.
 */
export async function attachSource(video, url, { hls: given = () => import(HLS) } = {}) {
  if (!/\.m3u8($|\?)/.test(url)) {
    video.src = url;
    return () => video.removeAttribute("src");
  }
  // Its module has an `isSupported` of its own beside the class.
  const Hls = given.isSupported ? given : (await given()).default;
  if (Hls.isSupported()) {
    const hls = new Hls({ enableWorker: false });
    hls.on(Hls.Events.ERROR, (_, error) => error.fatal && recover(hls, Hls, error, video));
    hls.loadSource(url);
    hls.attachMedia(video);
    return () => hls.destroy();
  }
  if (video.canPlayType(HLS_TYPE)) {
    video.src = url;
    return () => video.removeAttribute("src");
  }
  throw new Error("This browser plays no streams");
}

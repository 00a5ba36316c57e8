/** Gives a <video> its film: a file by itself, a stream (.m3u8) through hls.js where the browser cannot play it natively. */

const HLS = new URL("../vendor/hls.js/hls.min.mjs", import.meta.url);
const HLS_TYPE = "application/vnd.apple.mpegurl";

const LOAD_AGAIN_MS = 2_000;

/** hls.js repeats requests by itself; what it calls fatal is tried once more here, or told as the player's error. */
function recover(hls, Hls, error, video) {
  if (error.type === Hls.ErrorTypes.NETWORK_ERROR && error.response?.code !== 404) setTimeout(() => hls.startLoad(), LOAD_AGAIN_MS);
  else if (error.type === Hls.ErrorTypes.MEDIA_ERROR && !hls.recovered) {
    hls.recovered = true;
    hls.recoverMediaError();
  } else video.dispatchEvent(new Event("error"));
}

/** Settles once the source is set; answers a function that lets go of it. Rejects if the stream cannot be played here. */
export async function attachSource(video, url) {
  if (!/\.m3u8($|\?)/.test(url)) {
    video.src = url;
    return () => video.removeAttribute("src");
  }
  const { default: Hls } = await import(HLS);
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

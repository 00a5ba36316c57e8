/** Gives a <video> its film: a file by itself, a stream (.m3u8) through hls.js where the browser cannot play it natively. */

const HLS = new URL("../vendor/hls.js/hls.min.mjs", import.meta.url);
const HLS_TYPE = "application/vnd.apple.mpegurl";

/** Settles once the source is set; answers a function that lets go of it. Rejects if the stream cannot be played here. */
export async function attachSource(video, url) {
  if (!/\.m3u8($|\?)/.test(url)) {
    video.src = url;
    return () => video.removeAttribute("src");
  }
  const { default: Hls } = await import(HLS);
  if (Hls.isSupported()) {
    const hls = new Hls({ enableWorker: false });
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

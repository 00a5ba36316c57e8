/** Plays DASH through Shaka Player. */
import { describe } from "./describe.js";
import { Unplayable, library } from "./library.js";
import { bestWithin, clearTracks, tracksOf } from "./tracks.js";

const SHAKA = new URL("../../vendor/shaka-player/shaka-player.dash-es2021.js", import.meta.url);

/** Resolve to {close()}; reject with Unplayable, or with another error if the library did not load. See sources.js for the options. */
export async function openDash(video, url, { shaka: given, shakaConfig = {}, startS, attempt, rewrite, onError }) {
  const found = await library(given, SHAKA, { attempt, isLibrary: (one) => Boolean(one.Player) });
  const shaka = found.Player ? found : globalThis.shaka; // ours is a script that defines a global, not a module
  shaka.polyfill.installAll();
  if (!shaka.Player.isBrowserSupported()) throw new Unplayable("this browser plays no streams");
  const player = new shaka.Player();
  const { Category, Code, Severity } = shaka.util.Error;
  const fail = (error) => {
    if (error.category === Category.PLAYER) return; // closed meanwhile
    onError({
      status: error.code === Code.BAD_HTTP_STATUS ? error.data[1] : null,
      resume: error.category === Category.NETWORK && video.readyState > 0 ? () => player.retryStreaming() : null,
      final: error.code === Code.CONTENT_UNSUPPORTED_BY_BROWSER,
    });
  };
  player.addEventListener("error", ({ detail }) => detail.severity === Severity.CRITICAL && fail(detail));
  player.configure(shakaConfig);
  player.getNetworkingEngine().registerRequestFilter((_type, request) => {
    request.uris = request.uris.map(rewrite);
  });
  const forget = describe(video, {
    startDateMs: () => player.getPresentationStartTimeAsDate()?.getTime() ?? NaN,
    range: () => (player.isLive() ? player.seekRange() : null),
  });
  showTracks(player, video);
  await player.attach(video);
  player.load(url, startS).catch(fail);
  return {
    close: () => {
      forget();
      clearTracks(video);
      return player.destroy();
    },
  };
}

/** Have the video's lists tell what there is to choose, as for HLS. */
function showTracks(player, video) {
  const { sound, qualities } = tracksOf(video);
  let limit = Infinity;
  const show = () => {
    const sounds = player.getAudioTracks();
    sound.fill(sounds.map(({ label, language, primary }) => ({ kind: primary ? "main" : "alternative", label: label ?? language, language })), {
      selected: sounds.findIndex(({ active }) => active),
      onChoice: (index) => player.selectAudioTrack(sounds[index]),
    });
    const pictures = player.getVideoTracks().filter(({ height }) => height);
    qualities.fill(pictures.map(({ width, height, bandwidth }) => ({ width, height, bitrate: bandwidth })), {
      selected: player.getConfiguration().abr.enabled ? -1 : pictures.findIndex(({ active }) => active),
      onChoice: (index) => {
        player.configure("abr.enabled", index === -1);
        if (index !== -1) player.selectVideoTrack(pictures[index]);
      },
      onLimit: (maxHeight) => {
        const best = pictures[bestWithin(pictures, maxHeight)].height;
        const wanted = Number.isFinite(maxHeight) ? best : Infinity;
        if (wanted !== limit) player.configure("abr.restrictions.maxHeight", wanted);
        limit = wanted;
      },
    });
  };
  player.addEventListener("trackschanged", show);
}

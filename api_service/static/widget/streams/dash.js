/** Plays DASH through Shaka Player. */
import { describe } from "./describe.js";
import { Unplayable, library } from "./library.js";

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
  await player.attach(video);
  player.load(url, startS).catch(fail);
  return {
    close: () => {
      forget();
      return player.destroy();
    },
  };
}

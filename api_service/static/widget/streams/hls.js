/** Plays HLS through hls.js, or natively where that does not run (iOS before 17.1) or did not load. */
import { openFile } from "./file.js";
import { describe } from "./describe.js";
import { Unplayable, library } from "./library.js";
import { bestWithin, clearTracks, tracksOf } from "./tracks.js";

const HLS = new URL("../../vendor/hls.js/hls.min.mjs", import.meta.url);
const HLS_TYPE = "application/vnd.apple.mpegurl";

/** A decoder that failed is set up anew, unless that was done within this time already. */
const RECOVERED_MS = 10_000;

/** Resolve to {close()}; reject with Unplayable, or with another error if hls.js did not load. See sources.js for the options. */
export async function openHls(video, url, { hls: given, hlsConfig = {}, startS, attempt, rewrite, onRetry, onError }) {
  const native = video.canPlayType(HLS_TYPE) !== "";
  const Hls = await library(given, HLS, { attempt, isLibrary: (found) => Boolean(found.isSupported) })
    .catch((error) => { if (!native) throw error; });
  if (!Hls?.isSupported()) {
    if (native) return openFile(video, url);
    throw new Unplayable("this browser plays no streams");
  }
  const hls = new Hls({
    enableWorker: false,
    startPosition: startS ?? -1,
    liveDurationInfinity: true,
    ...hlsConfig,
    async xhrSetup(xhr, requested) {
      xhr.open("GET", rewrite(requested), true);
      await hlsConfig.xhrSetup?.(xhr, requested);
    },
  });
  let recoveredMs = -Infinity;
  hls.on(Hls.Events.ERROR, (_, error) => {
    const status = error.response?.code || null; // 0: no answer came
    if (!error.fatal) return void (status && onRetry(status));
    if (error.type === Hls.ErrorTypes.MEDIA_ERROR && performance.now() - recoveredMs > RECOVERED_MS) {
      recoveredMs = performance.now();
      hls.recoverMediaError();
      return;
    }
    onError({
      status,
      resume: error.frag && error.type === Hls.ErrorTypes.NETWORK_ERROR ? () => hls.startLoad() : null,
      final: error.details === Hls.ErrorDetails.MANIFEST_INCOMPATIBLE_CODECS_ERROR,
    });
  });
  let fragments = [];
  hls.on(Hls.Events.LEVEL_UPDATED, (_, { details }) => {
    fragments = details.fragments;
  });
  const forget = describe(video, {
    startDateMs: () => zeroDateMs(fragments, video.currentTime),
    range: () => (fragments.length ? { start: fragments[0].start, end: fragments.at(-1).end } : null),
  });
  showTracks(hls, Hls.Events, video);
  hls.loadSource(url);
  hls.attachMedia(video);
  return {
    close: () => {
      forget();
      clearTracks(video);
      hls.destroy();
    },
  };
}

/** Have the video's lists tell what there is to choose. A choice takes effect with what is loaded next, so that the film never stops for it. */
function showTracks(hls, events, video) {
  const { sound, qualities } = tracksOf(video);
  hls.on(events.AUDIO_TRACKS_UPDATED, () => {
    const items = hls.audioTracks.map(({ name, lang, default: main }) => ({ kind: main ? "main" : "alternative", label: name, language: lang ?? "" }));
    sound.fill(items, {
      selected: hls.audioTrack,
      onChoice: (index) => {
        if (video.buffered.length) hls.nextAudioTrack = index;
        else hls.audioTrack = index;
      },
    });
  });
  hls.on(events.AUDIO_TRACK_SWITCHED, (_, { id }) => sound.selected(id));
  const showQualities = () => {
    const items = hls.levels.map(({ width, height, bitrate }) => ({ width, height, bitrate }));
    if (items.some(({ height }) => !height)) return; // nothing tells them apart
    qualities.fill(items, {
      selected: hls.manualLevel,
      onChoice: (index) => {
        hls.nextLevel = index;
      },
      onLimit: (maxHeight) => {
        hls.autoLevelCapping = Number.isFinite(maxHeight) ? bestWithin(items, maxHeight) : -1;
      },
    });
  };
  hls.on(events.MANIFEST_PARSED, showQualities);
  hls.on(events.LEVELS_UPDATED, showQualities);
}

/**
 * Return the date (ms) of the player's zero by the fragment at `atS`, NaN if the stream has no dates. Lengths in playlists are rounded, so
 * fragments differ in it by some milliseconds; players that are in step go by the same one.
 */
function zeroDateMs(fragments, atS) {
  const dated = fragments.filter(({ programDateTime }) => programDateTime !== null);
  const fragment = dated.findLast(({ start }) => start <= atS) ?? dated[0];
  return fragment ? fragment.programDateTime - fragment.start * 1000 : NaN;
}

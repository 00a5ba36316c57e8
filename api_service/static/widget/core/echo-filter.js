/**
 * Tells the media events that a person caused from those that the widget, a library, the page or the system caused.
 *
 * A command moves everyone, so it needs a person. The event does not tell who caused it, and the players' maintainers say that it cannot
 * (shaka-player issue 3019, video.js issue 7078): hls.js nudges `currentTime` over a gap, `<video autoplay>` and "continue watching" play and
 * seek, a phone call pauses. So an event is a command only if a person has touched the page within the last second, after the room's
 * state was known and after the widget's own seek began; an adapter that knows better says so in the event's `detail.byViewer`.
 *
 * What the widget did itself is told by the player's state: an event counts only if that differs *now* from what the widget last asked for.
 * Counting expected events would drift, since media events arrive late and merged (HTML, 4.8.11: each is a queued task).
 */

/** Positions closer than this are the same place: a seek lands on a frame, not on a number. */
export const SAME_PLACE_S = 0.3;
const SAME_RATE = 0.0005;

/** An event counts as caused by what a person did at most this long before it. */
export const ACT_COUNTS_MS = 1_000;

export class EchoFilter {
  /** The state that the widget asked for last; `seekTo` only while its own seek is under way. */
  #expected = { paused: true, rate: 1, seekTo: null };
  #lastActMs;
  #knownSinceMs = Infinity;
  #seekBeganMs = -Infinity;

  /** `lastActMs()` returns when a person last touched the page (`performance.now()`); without it no event is a person's. */
  constructor(lastActMs = () => -Infinity) {
    this.#lastActMs = lastActMs;
  }

  /** Note that the room's state is known: no event before that is a command, whoever caused it. */
  roomKnown() {
    this.#lastActMs(); // an activation that is not new is seen now, so that it does not seem to come later (ui/viewer-acts.js)
    this.#knownSinceMs = Math.min(this.#knownSinceMs, performance.now());
  }

  /** Note that the widget pauses or plays the player. */
  expectPaused(paused) {
    this.#expected.paused = paused;
  }

  /** Note that the widget sets the player's rate. */
  expectRate(rate) {
    this.#expected.rate = rate;
  }

  /** Note that the widget seeks the player. */
  expectSeek(seconds) {
    this.#lastActMs();
    this.#expected.seekTo = seconds;
    this.#seekBeganMs = performance.now();
  }

  /** Note that the widget's seek has ended. */
  seekEnded() {
    this.#expected.seekTo = null;
    this.#seekBeganMs = -Infinity;
  }

  /**
   * Return what an event changed against the widget's will as {type, byViewer}, or null if nothing. `type` is "play", "pause", "seek" or
   * "set_rate"; `media` is the player's state now, `roomS` the room's running position in seconds (null while it does not run).
   * `hidden` means that the page is not visible: browsers pause hidden players by themselves.
   */
  changeIn(event, media, { hidden = false, roomS = null } = {}) {
    const type = this.#changeType(event.type, media);
    if (type === null) return null;
    return { type, byViewer: this.#byViewer(type, event, media, { hidden, roomS }) };
  }

  #changeType(eventType, media) {
    const expected = this.#expected;
    switch (eventType) {
      case "play":
        return !media.paused && expected.paused ? "play" : null;
      case "pause":
        return media.paused && !expected.paused && !media.ended ? "pause" : null;
      case "seeking": {
        const own = expected.seekTo !== null && Math.abs(media.currentTime - expected.seekTo) < SAME_PLACE_S;
        return media.seeking && !own ? "seek" : null;
      }
      case "ratechange":
        return Math.abs(media.playbackRate - expected.rate) > SAME_RATE ? "set_rate" : null;
      default:
        return null;
    }
  }

  #byViewer(type, event, media, { hidden, roomS }) {
    const now = performance.now();
    if (now < this.#knownSinceMs) return false;
    if (typeof event.detail?.byViewer === "boolean") return event.detail.byViewer;
    if (hidden) return false; // nobody presses a button that is not shown; media keys come as media session actions
    if (type === "seek" && roomS !== null && Math.abs(media.currentTime - roomS) < SAME_PLACE_S) return false; // a jump over a gap
    const actMs = this.#lastActMs();
    // Where a server ignores Range, the widget's own seek lands at 0: an act from before that seek does not explain it.
    return actMs > Math.max(this.#knownSinceMs, type === "seek" ? this.#seekBeganMs : -Infinity) && now - actMs <= ACT_COUNTS_MS;
  }
}

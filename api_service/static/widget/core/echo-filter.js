/**
 * Echo suppression: distinguishes the media events that the viewer caused from those that the widget caused.
 *
 * An event counts as the viewer's only if the player's state *now* differs from what the widget last asked for. Counting expected
 * events would drift, since media events arrive late and merged (HTML, 4.8.11: each is a queued task); comparing states cannot.
 */

/** Positions closer than this are the same place: a seek lands on a frame, not on a number. */
export const SAME_PLACE_S = 0.3;
const SAME_RATE = 0.0005;

export class EchoFilter {
  /** The state that the widget asked for last; `seekTo` only while its own seek is under way. */
  #expected = { paused: true, rate: 1, seekTo: null };

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
    this.#expected.seekTo = seconds;
  }

  /** Note that the widget's seek has ended: any further seek is the viewer's. */
  seekEnded() {
    this.#expected.seekTo = null;
  }

  /**
   * Return the viewer's command in a media event ("play", "pause", "seek", "set_rate"), or null. `media` is the player's state now.
   * `hidden` means that the page is not visible: browsers pause hidden players by themselves, and nobody presses a button that is
   * not shown (the system's media keys arrive as media session actions).
   */
  commandIn(eventType, media, { hidden = false } = {}) {
    const expected = this.#expected;
    switch (eventType) {
      case "play":
        return !media.paused && expected.paused ? "play" : null;
      case "pause":
        return media.paused && !expected.paused && !media.ended && !hidden ? "pause" : null;
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
}

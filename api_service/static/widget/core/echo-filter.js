/**
 * Echo suppression: which media events are the viewer's wishes, and which the widget's own doing.
 *
 * Judged by state, not by counting events: an event counts only if what the player does *now* differs from what the widget last
 * asked of it. Media events arrive late and merged (HTML, 4.8.11: each is a queued task), so a count of expected events drifts;
 * a comparison cannot.
 */

/** Positions closer than this are the same place: a seek lands on a frame, not on a number. */
export const SAME_PLACE_S = 0.3;
const SAME_RATE = 0.0005;

export class Wishes {
  /** What the widget asked for last; `seekTo` only while its own seek is under way. */
  #asked = { paused: true, rate: 1, seekTo: null };

  paused(paused) {
    this.#asked.paused = paused;
  }

  rate(rate) {
    this.#asked.rate = rate;
  }

  seekTo(seconds) {
    this.#asked.seekTo = seconds;
  }

  /** The player has arrived: any further seek is not ours. */
  arrived() {
    this.#asked.seekTo = null;
  }

  /**
   * The wish in a media event, or null: "play", "pause", "seek", "set_rate".
   * `media` is what the player is now; `hidden` says that the page is not visible: browsers pause hidden players by
   * themselves, and nobody presses a button that is not shown (keys of the system arrive as media session actions).
   */
  read(eventType, media, { hidden = false } = {}) {
    const asked = this.#asked;
    if (eventType === "play") return !media.paused && asked.paused ? "play" : null;
    if (eventType === "pause") {
      return media.paused && !asked.paused && !media.ended && !hidden ? "pause" : null;
    }
    if (eventType === "seeking") {
      const ours = asked.seekTo !== null && Math.abs(media.currentTime - asked.seekTo) < SAME_PLACE_S;
      return media.seeking && !ours ? "seek" : null;
    }
    if (eventType === "ratechange") {
      return Math.abs(media.playbackRate - asked.rate) > SAME_RATE ? "set_rate" : null;
    }
    return null;
  }
}

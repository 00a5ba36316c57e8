/** What this viewer's player tells the room of itself: that it is ready, that it has run dry, how far off it is. */
import { Buffering } from "./buffering.js";

/** How often the player's skew is reported while the film runs. */
const SKEW_EVERY_MS = 10_000;

/** Where this browser keeps that the room need not wait for its viewer. */
const WAITS = "movie-together.waits";

export function keptWaits() {
  try {
    return globalThis.localStorage.getItem(WAITS) !== "no";
  } catch {
    return true; // storage is switched off
  }
}

export function keepWaits(waits) {
  try {
    globalThis.localStorage.setItem(WAITS, waits ? "yes" : "no");
  } catch {
    // It holds until the page is left.
  }
}

export class Reports {
  #session;
  #player;
  #positionMs;
  #waits;
  #buffering;
  #ready = false;
  #timer;

  /** `positionMs()` gives the player's position; `waits` is whether the room should wait for this viewer at all. */
  constructor({ session, player, positionMs, waits }) {
    this.#session = session;
    this.#player = player;
    this.#positionMs = positionMs;
    this.#waits = waits;
    this.#buffering = new Buffering({
      dry: () => (session.live ? player.dry : null),
      heard: (buffering) => session.report({ buffering, position_ms: positionMs() }),
    });
    this.#timer = setInterval(this.#skew, SKEW_EVERY_MS);
  }

  /** The connection is live: the server knows nothing yet of what this player has become meanwhile. */
  live() {
    this.#ready = false;
    this.#buffering.stop();
    if (!this.#waits) this.#session.report({ waits: false });
    this.ready();
  }

  /** Tells once per connection that the player could start; from then on the room may be held for it. */
  ready() {
    if (this.#ready || !this.#session.live || !this.#player.ready) return;
    this.#ready = this.#session.report({ ready: true, buffering: false, waits: this.#waits });
    if (this.#ready) this.#buffering.start();
  }

  set waits(waits) {
    this.#waits = waits;
    this.#session.report({ waits });
  }

  #skew = () => {
    const { skewMs } = this.#player;
    if (skewMs !== null) this.#session.report({ skew_ms: Math.round(skewMs * 10) / 10, position_ms: this.#positionMs() });
  };

  stop() {
    clearInterval(this.#timer);
    this.#buffering.stop();
  }
}

/** Reports about this viewer's player to the room: ready, buffering, skew. */
import { Buffering } from "./buffering.js";
import { load, save } from "./storage.js";

/** The player's skew goes along with the pings; this often it is looked whether the others have to know of it sooner. */
const SKEW_EVERY_MS = 10_000;

/** They are told when it comes into another step of these, ms (sync_service/live/players.py). */
const SKEW_STEPS_MS = [100, 500, 2_000];

/** A page that is hidden for less than this is not told of: its viewer has only looked up something. */
const HIDDEN_AFTER_MS = 5_000;

/** The browser's storage keeps under this key whether the room should wait for its viewer. */
const WAITS_KEY = "movie-together.waits";

/** Return whether the room should wait for this browser's viewer; true unless the viewer has said otherwise. */
export function loadWaits() {
  return load(WAITS_KEY) !== "no";
}

/** Store whether the room should wait for this browser's viewer. */
export function saveWaits(waits) {
  save(WAITS_KEY, waits ? "yes" : "no");
}

export class Reports {
  #session;
  #player;
  #positionMs;
  #waits;
  #aside;
  #buffering;
  #ready = false;
  #loadsFrom = 0; // the film is one that the player has loaded since
  #skewStep = 0;
  #visible = true;
  #hiding = null;
  #timer;

  /**
   * `positionMs()` returns the player's position; `waits` is whether the room should wait for this viewer; `aside()` whether their player
   * goes a way of its own, of which the room is not told.
   */
  constructor({ session, player, positionMs, waits, aside = () => false }) {
    this.#session = session;
    this.#player = player;
    this.#positionMs = positionMs;
    this.#waits = waits;
    this.#aside = aside;
    this.#buffering = new Buffering({
      stallReason: () => (session.live && !aside() ? player.stallReason : null),
      onChange: (buffering) => session.report({ buffering, position_ms: positionMs() }),
    });
    session.reportWithPing = this.#skew;
    this.#timer = setInterval(this.#reportSkew, SKEW_EVERY_MS);
  }

  /** Report anew on a new connection, of whose player the server knows nothing. */
  connected() {
    this.#ready = false;
    this.#buffering.stop();
    if (!this.#waits) this.#session.report({ waits: false });
    if (!this.#visible) this.#session.report({ visible: false });
    this.playerReady();
  }

  /** Report once per connection that the player can start; from then on the room may wait for it. */
  playerReady() {
    if (this.#player.loads < this.#loadsFrom) return;
    if (this.#ready || this.#aside() || !this.#session.live || !this.#player.ready) return;
    const { durationMs } = this.#player;
    const length = Number.isFinite(durationMs) && durationMs > 0 ? { duration_ms: durationMs } : {}; // a live stream has none
    this.#ready = this.#session.report({ ready: true, buffering: false, waits: this.#waits, ...length });
    if (this.#ready) this.#buffering.start();
  }

  /** The room has another film: report anew once this player has it. */
  filmChanged() {
    this.#ready = false;
    this.#loadsFrom = this.#player.loads + 1;
    this.#buffering.stop();
  }

  set waits(waits) {
    this.#waits = waits;
    this.#session.report({ waits });
  }

  /** Tell whether the page is to be seen. */
  set visible(visible) {
    clearTimeout(this.#hiding);
    if (!visible) this.#hiding = setTimeout(() => this.#see(false), HIDDEN_AFTER_MS);
    else if (!this.#visible) this.#see(true);
  }

  #see(visible) {
    this.#visible = visible;
    this.#session.report({ visible });
  }

  #skew = () => {
    const { skewMs } = this.#player;
    if (skewMs === null || this.#aside()) return {};
    this.#skewStep = stepOf(skewMs);
    return { skew_ms: Math.round(skewMs * 10) / 10 };
  };

  #reportSkew = () => {
    const { skewMs } = this.#player;
    if (skewMs === null || this.#aside() || stepOf(skewMs) === this.#skewStep) return;
    this.#session.report({ ...this.#skew(), position_ms: this.#positionMs() });
  };

  /** Stop reporting. */
  stop() {
    clearInterval(this.#timer);
    clearTimeout(this.#hiding);
    this.#session.reportWithPing = () => ({});
    this.#buffering.stop();
  }
}

function stepOf(skewMs) {
  return SKEW_STEPS_MS.filter((bound) => Math.abs(skewMs) > bound).length;
}

/** The notices over the film about the connection, the player and refused commands. */
import { filmDiffersPhrase, refusalPhrase } from "./phrases.js";

/** A start or a stall shorter than this is not worth a notice. */
const QUIET_MS = 900;

/** The end screens for these reasons offer another try. */
const RETRIABLE = new Set(["room_full", "room_locked", "kicked", "not_entitled"]);

/** What the API says of these reasons is written for the viewer, in their language. */
const SAID = new Set(["not_entitled"]);

/** The notice for each status of a player that does not run (core/player.js), by the name of its text. */
const PLAYER_TEXTS = { starting: "starting", stalled: "stalled", loading: "stalled", outside: "outside" };

/** The button for each status of a player that needs the viewer's press. */
const PLAYER_BUTTONS = { blocked: "start", muted: "sound" };

/** A film that has not come for so long, though no error was told, may be loaded anew. */
const OFFERS_RELOAD_MS = 15_000;
const WAITING = new Set(["loading", "stalled"]);
const GIVEN_UP = new Set(["failed", "unplayable"]);

export class Notices {
  #overlay;
  #texts;
  #lost = false;
  #delay = null;
  #timer = null;
  #reloadTimer = null;
  #status = null;

  constructor(overlay, texts) {
    this.#overlay = overlay;
    this.#texts = texts;
  }

  /** Show a status of the connection with its detail (core/socket.js); `entered` means that the room is known already. */
  connection(status, { reason, error }, { entered }) {
    if (status === "live") {
      this.#overlay.showStatus(this.#lost ? this.#texts.back : null);
      this.#lost = false;
      this.#delay = null;
    } else if (status === "closed" || status === "stopped") {
      this.#overlay.showEndScreen(reason, { retriable: RETRIABLE.has(reason), said: SAID.has(reason) ? error.message : null });
    } else {
      this.#lost ||= entered;
      if (status === "waiting") this.#delay = error?.code ?? null;
      const text = this.#texts[`delayed_${this.#delay}`] ?? (entered ? this.#texts.reconnecting : this.#texts.connecting);
      this.#overlay.showStatus(text, { busy: true });
    }
  }

  /** Show a status of the player (core/player.js); notices about the film wait until the connection is `live`. */
  player(status, { live }) {
    clearTimeout(this.#timer);
    clearTimeout(this.#reloadTimer);
    if (GIVEN_UP.has(this.#status)) this.#overlay.removeEndScreen();
    this.#status = status;
    this.#overlay.showButton(PLAYER_BUTTONS[status] ?? null);
    if (GIVEN_UP.has(status)) this.#overlay.showEndScreen(status, { retriable: true });
    if (WAITING.has(status)) this.#reloadTimer = setTimeout(() => this.#overlay.showButton("reload"), OFFERS_RELOAD_MS);
    if (!live) return;
    const text = this.#texts[PLAYER_TEXTS[status]];
    if (text) this.#timer = setTimeout(() => this.#overlay.showStatus(text, { busy: true }), QUIET_MS);
    else this.#overlay.showStatus(null);
  }

  /** Show why a command was refused; `state` is the room if the command was to move the film. */
  refusal(refusal, state) {
    this.#overlay.showStatus(refusalPhrase(refusal, this.#texts, state));
  }

  /** Show that this viewer's film is not as long as the room's: {duration_ms, yours_ms}; null if that is not known any more. */
  filmDiffers(lengths) {
    this.#overlay.showNote(lengths && filmDiffersPhrase(lengths, this.#texts));
  }

  /** Forget the connection and show nothing over the film. */
  clear() {
    this.filmDiffers(null);
    this.#overlay.showLive(null);
    clearTimeout(this.#timer);
    clearTimeout(this.#reloadTimer);
    this.#status = null;
    this.#lost = false;
    this.#overlay.showStandstill(null);
  }
}

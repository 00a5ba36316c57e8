/** The notices over the film about the connection, the player and refused commands. */
import { refusalPhrase } from "./phrases.js";

/** A start or a stall shorter than this is not worth a notice. */
const QUIET_MS = 900;

/** The end screens for these reasons offer another try. */
const RETRIABLE = new Set(["room_full", "room_locked", "kicked"]);

/** The notice for each status of a player that does not run (core/player.js), by the name of its text. */
const PLAYER_TEXTS = { starting: "starting", stalled: "stalled", loading: "stalled" };

/** The button for each status of a player that needs the viewer's press. */
const PLAYER_BUTTONS = { blocked: "start", muted: "sound" };

export class Notices {
  #overlay;
  #texts;
  #lost = false;
  #timer = null;

  constructor(overlay, texts) {
    this.#overlay = overlay;
    this.#texts = texts;
  }

  /** Show a status of the connection (core/socket.js); `entered` means that the room is known already. */
  connection(status, reason, { entered }) {
    if (status === "live") {
      this.#overlay.showStatus(this.#lost ? this.#texts.back : null);
      this.#lost = false;
    } else if (status === "closed" || status === "stopped") {
      this.#overlay.showEndScreen(reason, { retriable: RETRIABLE.has(reason) });
    } else {
      this.#lost ||= entered;
      this.#overlay.showStatus(entered ? this.#texts.reconnecting : this.#texts.connecting, { busy: true });
    }
  }

  /** Show a status of the player (core/player.js); notices about the film wait until the connection is `live`. */
  player(status, { live }) {
    clearTimeout(this.#timer);
    this.#overlay.showButton(PLAYER_BUTTONS[status] ?? null);
    if (status === "failed") this.#overlay.showEndScreen("failed", { retriable: true });
    if (!live) return;
    const text = this.#texts[PLAYER_TEXTS[status]];
    if (text) this.#timer = setTimeout(() => this.#overlay.showStatus(text, { busy: true }), QUIET_MS);
    else this.#overlay.showStatus(null);
  }

  /** Show why a command was refused; `state` is the room if the command was to move the film. */
  refusal(refusal, state) {
    this.#overlay.showStatus(refusalPhrase(refusal, this.#texts, state));
  }

  /** Forget the connection and show nothing over the film. */
  clear() {
    clearTimeout(this.#timer);
    this.#lost = false;
    this.#overlay.showStandstill(null);
  }
}

/** Takes the system's media keys, its notification's buttons and those of a picture-in-picture window as commands to the room. */

const STEP_S = 10;

/** The command for each action of the Media Session API that moves a film; a seek's value is in seconds. */
const COMMANDS = {
  play: () => ["play"],
  pause: () => ["pause"],
  seekto: ({ seekTime }) => ["seek", seekTime],
  seekbackward: ({ seekOffset }, media) => ["seek", Math.max(0, media.currentTime - (seekOffset || STEP_S))],
  seekforward: ({ seekOffset }, media) => ["seek", media.currentTime + (seekOffset || STEP_S)],
};

export class MediaKeys {
  #onCommand;
  #media;

  /** `onCommand(type, value)` gets positions in ms; `media()` returns the player. */
  constructor(onCommand, media) {
    this.#onCommand = onCommand;
    this.#media = media;
  }

  /** Handle the actions; a page that sets handlers of its own afterwards calls the element's methods in them. */
  take() {
    for (const action of Object.keys(COMMANDS)) setHandler(action, (details) => this.#handle(action, details));
  }

  /** Leave the actions to the browser again. */
  release() {
    for (const action of Object.keys(COMMANDS)) setHandler(action, null);
  }

  #handle(action, details) {
    const [type, seconds] = COMMANDS[action](details, this.#media());
    this.#onCommand(type, seconds === undefined ? undefined : seconds * 1000);
  }
}

function setHandler(action, handler) {
  try {
    globalThis.navigator.mediaSession?.setActionHandler(action, handler);
  } catch {
    // This browser does not know the action.
  }
}

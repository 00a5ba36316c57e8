/** Takes the requests of media-chrome's controls before their controller does, so that the room is asked instead. */

/** The command for each request, and how to read its value. */
const COMMANDS = {
  mediaplayrequest: ["play"],
  mediapauserequest: ["pause"],
  mediaseekrequest: ["seek", (seconds) => seconds * 1000],
  mediaplaybackraterequest: ["set_rate", (rate) => rate],
};

export class ControlRequests {
  #element;
  #takes;
  #onCommand;

  /** `takes()` returns whether requests inside `element` are the room's; `onCommand(type, value)` gets positions in the player's own ms. */
  constructor(element, { takes, onCommand }) {
    this.#element = element;
    this.#takes = takes;
    this.#onCommand = onCommand;
  }

  /** Take the requests from now on. */
  take() {
    for (const type of Object.keys(COMMANDS)) this.#element.addEventListener(type, this.#onRequest, true);
  }

  /** Leave them to their controller again. */
  release() {
    for (const type of Object.keys(COMMANDS)) this.#element.removeEventListener(type, this.#onRequest, true);
  }

  #onRequest = (event) => {
    if (!this.#takes()) return;
    event.stopImmediatePropagation();
    const [type, read] = COMMANDS[event.type];
    this.#onCommand(type, read?.(event.detail));
  };
}

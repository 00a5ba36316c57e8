/** Takes the requests of media-chrome's controls before their controller does, so that the room is asked instead. */

/** The command for each request, and how to read its value. */
const COMMANDS = {
  mediaplayrequest: ["play"],
  mediapauserequest: ["pause"],
  mediaseekrequest: ["seek", (seconds) => seconds * 1000],
  mediaplaybackraterequest: ["set_rate", (rate) => rate],
};

/**
 * Take the requests until `signal` aborts. `takes()` returns whether those inside `element` are the room's; `onCommand(type, value)` gets
 * positions in the player's own ms.
 */
export function takeControlRequests(element, { takes, onCommand, signal }) {
  for (const [request, [type, read]] of Object.entries(COMMANDS)) {
    element.addEventListener(request, (event) => {
      if (!takes()) return;
      event.stopImmediatePropagation();
      onCommand(type, read?.(event.detail));
    }, { capture: true, signal });
  }
}

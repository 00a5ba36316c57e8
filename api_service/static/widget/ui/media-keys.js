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

/**
 * Handle the actions for the player `media` until `signal` aborts; `onCommand(type, value)` gets positions in ms. A page that sets handlers of
 * its own afterwards calls the element's methods in them.
 */
export function takeMediaKeys(media, { onCommand, signal }) {
  for (const [action, read] of Object.entries(COMMANDS)) {
    setHandler(action, (details) => {
      const [type, seconds] = read(details, media);
      onCommand(type, seconds === undefined ? undefined : seconds * 1000);
    });
  }
  signal.addEventListener("abort", () => Object.keys(COMMANDS).forEach((action) => setHandler(action, null)));
}

function setHandler(action, handler) {
  try {
    globalThis.navigator.mediaSession?.setActionHandler(action, handler);
  } catch {
    // This browser does not know the action.
  }
}

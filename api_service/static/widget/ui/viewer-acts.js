/** Notes when a person last did something on the page that may move a film: pressed a pointer, a key, or the system's media keys. */

/** While a pointer is pressed its moves count too: a seek bar is dragged for longer than a second. */
const ACTS = ["pointerdown", "pointerup", "pointermove", "click", "keydown", "keyup", "change"];

/** An activation of the page (HTML, 6.4.1) lasts up to this long after what caused it. */
const ACTIVATION_LASTS_MS = 6_000;

export class ViewerActs {
  #window;
  #lastMs = -Infinity;
  #explainedMs = -Infinity; // when something here caused an activation, also one that moves no film
  #activationSeenMs = null;

  constructor(window = globalThis) {
    this.#window = window;
  }

  /** Begin to listen. */
  start() {
    for (const type of ACTS) this.#window.addEventListener(type, this.#onAct, { capture: true, passive: true });
  }

  /** Stop listening. */
  stop() {
    for (const type of ACTS) this.#window.removeEventListener(type, this.#onAct, { capture: true });
  }

  /** Return when a person last acted, on the clock of `performance.now()`; -Infinity if never. */
  lastMs = () => {
    const now = performance.now();
    const active = this.#window.navigator.userActivation?.isActive ?? false;
    // An activation without an event here: native controls in full screen, picture-in-picture, a media key that the page handles.
    // When it began is not known, only when it was first seen.
    if (!active) this.#activationSeenMs = null;
    else if (now - this.#explainedMs > ACTIVATION_LASTS_MS) this.#activationSeenMs ??= now;
    return Math.max(this.#lastMs, this.#activationSeenMs ?? -Infinity);
  };

  #onAct = (event) => {
    if (!event.isTrusted || (event.type === "pointermove" && event.buttons === 0)) return;
    this.#explainedMs = performance.now();
    this.#activationSeenMs = null;
    if (!isElsewhere(event)) this.#lastMs = this.#explainedMs;
  };
}

/** Return whether an act has to do with something else than a film: text is written, or the room's chat or people are used. */
function isElsewhere(event) {
  const path = event.composedPath();
  if (event.type.startsWith("key") && path[0]?.matches?.("textarea, [contenteditable], input:not([type=range])")) return true;
  return path.some((node) => node.localName?.startsWith("movie-together-"));
}

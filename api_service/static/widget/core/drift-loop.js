/** Measures a running player against the room's timeline and applies what the drift controller decides. */
import { PARAMETERS, median } from "./drift.js";

export class DriftLoop {
  #control;
  #drift;
  #read;
  #on;
  #rate = 1;
  #timer = null;
  #ticks = 0;
  #firstErrors = null;

  /**
   * `control` moves the player, `drift` decides. `read()` returns the player's position minus the room's in ms, "stopped" while the
   * player does not move though the film runs, or null while the film itself does not run. `on` is {seek(), started(errorMs)}: the
   * player has to be sought; the first error after a start on time.
   */
  constructor({ control, drift, read, on }) {
    this.#control = control;
    this.#drift = drift;
    this.#read = read;
    this.#on = on;
  }

  /** Begin to keep the player in step at the room's `rate`; `onTime` means that its first error shows the start latency. */
  start(rate, { onTime }) {
    this.stop();
    this.#rate = rate;
    this.#ticks = 0;
    this.#firstErrors = onTime ? [] : null;
    this.#timer = setTimeout(this.#tick, PARAMETERS.sampleEveryMs);
  }

  /** Go on with another rate of the room. */
  setRate(rate) {
    this.#rate = rate;
    this.#control.setRate(rate);
    this.#drift.reset();
  }

  /** Stop; the player keeps its rate. */
  stop() {
    clearTimeout(this.#timer);
    this.#drift.reset();
  }

  #tick = () => {
    this.#timer = setTimeout(this.#tick, PARAMETERS.sampleEveryMs);
    const errorMs = this.#read();
    if (errorMs === null) return;
    if (errorMs === "stopped") return void this.#drift.clearSamples();
    this.#drift.sample(errorMs);
    this.#learn(errorMs);
    this.#ticks += 1;
    if (this.#ticks % (PARAMETERS.controlEveryMs / PARAMETERS.sampleEveryMs) === 0) this.#apply();
  };

  #apply() {
    const action = this.#drift.control(performance.now(), this.#rate);
    if (action?.seek) this.#on.seek();
    else if (action) this.#control.setRate(this.#rate * action.factor, { nudge: action.factor !== 1 });
  }

  #learn(errorMs) {
    if (this.#firstErrors === null) return;
    this.#firstErrors.push(errorMs);
    if (this.#firstErrors.length < PARAMETERS.samples) return;
    this.#on.started(median(this.#firstErrors) / this.#rate);
    this.#firstErrors = null;
  }
}

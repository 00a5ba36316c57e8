/** Measures a running player against the room's timeline and applies what the drift controller decides. */
export class DriftLoop {
  #control;
  #drift;
  #read;
  #on;
  #rate = 1;
  #timer = null;
  #pulseTimer = null;
  #startError = false;

  /**
   * `control` moves the player, `drift` decides. `read()` returns the player's position minus the room's in ms, "stopped" while the
   * player does not move though the film runs, or null while the film itself does not run. `on` is {seek(), started(errorMs)}: the
   * player has to be sought; the first error after a start is known.
   */
  constructor({ control, drift, read, on }) {
    this.#control = control;
    this.#drift = drift;
    this.#read = read;
    this.#on = on;
  }

  /** Begin to keep a player in step that has just started at the room's `rate`. */
  start(rate) {
    this.stop();
    this.#rate = rate;
    this.#startError = true;
    this.#drift.start(performance.now());
    this.#tick();
  }

  /** Go on with another rate of the room. */
  setRate(rate) {
    clearTimeout(this.#pulseTimer);
    this.#rate = rate;
    this.#startError = false;
    this.#control.setRate(rate);
    this.#drift.restart(performance.now());
  }

  /** Stop; the player keeps its rate. */
  stop() {
    clearTimeout(this.#timer);
    clearTimeout(this.#pulseTimer);
  }

  #tick = () => {
    this.#timer = setTimeout(this.#tick, this.#drift.sampleEveryMs);
    const errorMs = this.#read();
    if (errorMs === null) return;
    if (errorMs === "stopped") {
      this.#startError = false;
      this.#drift.clearSamples();
      return;
    }
    const action = this.#drift.sample(errorMs, performance.now(), this.#rate);
    if (this.#startError && this.#drift.errorMs !== null) {
      this.#startError = false;
      this.#on.started(this.#drift.errorMs);
    }
    if (action?.seek) this.#on.seek();
    else if (action) this.#pulse(action);
  };

  #pulse({ factor, forMs }) {
    this.#control.setRate(this.#rate, { factor });
    this.#pulseTimer = setTimeout(() => {
      this.#control.setRate(this.#rate);
      this.#drift.pulseEnded(performance.now());
    }, forMs);
  }
}

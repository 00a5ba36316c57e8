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
    if (errorMs === null) return undefined;
    if (errorMs === "stopped") return this.#interrupt();
    const action = this.#drift.sample(errorMs, performance.now(), { rate: this.#rate, coarse: this.#control.coarse });
    if (this.#startError && this.#drift.errorMs !== null) {
      this.#startError = false;
      this.#on.started(this.#drift.errorMs);
    }
    if (action?.seek) return this.#on.seek();
    return action && this.#pulse(action);
  };

  /** The player has stalled: it is late when it goes on, whatever was measured and corrected before. */
  #interrupt() {
    clearTimeout(this.#pulseTimer);
    this.#startError = false;
    this.#control.setRate(this.#rate);
    this.#drift.start(performance.now());
  }

  #pulse({ factor, forMs }) {
    this.#control.setRate(this.#rate, { factor });
    this.#pulseTimer = setTimeout(() => {
      this.#control.setRate(this.#rate);
      this.#drift.pulseEnded(performance.now());
    }, forMs);
  }
}

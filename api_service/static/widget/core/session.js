/**
 * One viewer's presence in one room: connection, clock, log and commands together, without any player or page.
 *
 * `heard` takes
 *   status(name, detail)      the connection: joining, connecting, live, waiting, closed, stopped (socket.js)
 *   room(state)               a whole new state (replica.js): first contact, or the server told us to start over
 *   event(event, state)       one ordered event, already applied
 *   signal(signal)            reacted, typing, skew: seen now or never
 *   playback(playback)        the timeline changed, or the clock did
 *   refused(error, command)   an error of the server that belongs to no kept command
 */
import { Clock } from "./clock.js";
import { Commands } from "./commands.js";
import { Order } from "./log-position.js";
import { Pulse } from "./pings.js";
import { evolve, fromSnapshot } from "./replica.js";
import { RoomSocket } from "./socket.js";

/** Refusals that asking again under the same id cures without anybody's doing; every other one is told to who asked. */
const ASK_AGAIN_MS = { outcome_unknown: 500, try_again: 500, rate_limited: 500, archive_full: 2_000 };

/** How long a jump of the clock is doubted: `rebased` comes a moment before or after the first ping that shows it. */
const DOUBTED_MS = 1_500;

const SIGNALS = new Set(["reacted", "typing", "skew"]);

const localNow = () => performance.now();

export class Session {
  clock = new Clock();
  #order = new Order();
  #commands;
  #socket;
  #pulse;
  #state = null;
  #heard;
  #retries = new Set();
  #doubt = null;

  constructor({ join, heard, open, random, newId }) {
    this.#heard = heard;
    this.#commands = new Commands(newId);
    this.#socket = new RoomSocket({
      join, open, random, order: this.#order,
      heard: { status: this.#onStatus, message: this.#onMessage },
    });
    this.#pulse = new Pulse({
      clock: this.clock,
      send: (ping) => this.#socket.send(ping),
      heard: {
        jumped: () => this.#onJump(),
        silent: () => this.#socket.restart(),
      },
      now: localNow,
    });
  }

  /** The room as known here, or null before the first welcome. */
  get state() {
    return this.#state;
  }

  get live() {
    return this.#socket.live;
  }

  /** The server's time now, ms. */
  now = () => this.clock.serverAt(localNow());

  start() {
    this.#socket.start();
  }

  stop() {
    this.#socket.stop();
    this.#quiet({ code: "closed" });
  }

  /** Come back now instead of after the wait: the machine is online again, or the viewer asked for it. */
  hurry() {
    this.#socket.hurry();
  }

  /**
   * Sends a command of protocol v1 (`play`, `say`, `history`, `kick`, …); settles with the server's answer (rejects with a Refusal). Without a
   * connection it waits for one. A caller that gives the `id` of an earlier try repeats that try.
   */
  command(type, fields = {}, id = undefined) {
    const { message, answered } = this.#commands.keep(type, fields, localNow(), id);
    this.#socket.send(message);
    return answered;
  }

  /** Tells how this player is doing; lost if there is no connection, since the next one starts with a new report. */
  report(fields) {
    return this.#socket.send({ type: "report", ...fields });
  }

  /** Sends what nobody answers and nobody repeats: `react`, `typing`. */
  signal(type, fields = {}) {
    return this.#socket.send({ type, ...fields });
  }

  #onStatus = (name, detail) => {
    if (name === "live") {
      this.#pulse.start();
      for (const message of this.#commands.repeat(localNow())) this.#socket.send(message);
    } else {
      this.#pulse.stop();
    }
    if (name === "closed" || name === "stopped") this.#quiet({ code: detail.reason });
    this.#heard.status(name, detail ?? {});
  };

  #onMessage = (message) => {
    switch (message.type) {
      case "welcome":
        return this.#welcome(message);
      case "snapshot":
        return this.#startOver(message);
      case "pong":
        return this.#pulse.answer(message, localNow());
      case "ack":
      case "history":
        return this.#commands.acknowledge(message.id, message);
      case "error":
        return this.#onError(message);
      default:
        if (SIGNALS.has(message.type)) return this.#state && this.#heard.signal(message);
        return message.seq === undefined ? undefined : this.#onEvent(message);
    }
  };

  #welcome(message) {
    this.clock.guess(message.server_ms, localNow());
    if (message.mode === "snapshot") return this.#startOver(message);
    this.#state = { ...this.#state, you: message.you ?? this.#state.you, limits: message.limits ?? this.#state.limits };
    return undefined;
  }

  #startOver(message) {
    this.#order.stand(message);
    this.#state = fromSnapshot(message, this.#state);
    this.#heard.room(this.#state);
    this.#heard.playback(this.#state.playback);
  }

  #onEvent(event) {
    const verdict = this.#order.judge(event);
    if (verdict === "gap") return this.#socket.restart();
    if (verdict === "known") return undefined;
    const before = this.#state.playback;
    this.#state = evolve(this.#state, event);
    if (event.type === "rebased") this.#rebase(event.shift_ms);
    if (event.command && event.by === this.#state.you?.id) this.#commands.acknowledge(event.command, { seq: event.seq });
    this.#heard.event(event, this.#state);
    if (this.#state.playback !== before) this.#heard.playback(this.#state.playback);
    return undefined;
  }

  /** The film is where it was on a clock that was set: ours moves with it, and is then measured anew. */
  #rebase(shiftMs) {
    clearTimeout(this.#doubt);
    this.clock.shift(shiftMs);
    this.#pulse.burst();
  }

  #onJump() {
    clearTimeout(this.#doubt);
    const settle = () => {
      this.clock.settle();
      if (this.#state) this.#heard.playback(this.#state.playback);
    };
    if (this.clock.doubted) this.#doubt = setTimeout(settle, DOUBTED_MS);
    else settle();
  }

  #onError(error) {
    const again = ASK_AGAIN_MS[error.code];
    if (error.id && again !== undefined) return this.#later(error.id, error.retry_after_ms ?? again);
    if (error.id && this.#commands.again(error.id, localNow())) return this.#commands.refuse(error.id, error);
    return this.#heard.refused(error);
  }

  #later(id, ms) {
    const timer = setTimeout(() => {
      this.#retries.delete(timer);
      const message = this.#commands.again(id, localNow());
      if (message) this.#socket.send(message);
    }, ms);
    this.#retries.add(timer);
  }

  #quiet(error) {
    this.#pulse.stop();
    clearTimeout(this.#doubt);
    for (const timer of this.#retries) clearTimeout(timer);
    this.#retries.clear();
    this.#commands.refuseAll(error);
  }
}

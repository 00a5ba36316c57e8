/**
 * One viewer's presence in one room: connection, clock, log and commands together, without any player or page.
 *
 * `on` is an object of callbacks:
 *   status(name, detail)      the connection: joining, connecting, live, waiting, closed, stopped (socket.js)
 *   room(state)               the whole state (replica.js), after a snapshot
 *   event(event, state)       one event of the log, already applied
 *   signal(signal)            reacted, typing, skew, film_differs: not in the log and never repeated
 *   playback(playback)        the timeline or the clock changed
 *   refused(error)            an error of the server that answers no pending command
 */
import { Clock } from "./clock.js";
import { Commands } from "./commands.js";
import { LogPosition } from "./log-position.js";
import { Pings } from "./pings.js";
import { evolve, fromSnapshot } from "./replica.js";
import { RoomSocket } from "./socket.js";

/** Refusals after which the command is sent again under the same id, after this many ms unless the server says when. */
const RESEND_AFTER_MS = { outcome_unknown: 500, try_again: 500, rate_limited: 500, archive_full: 2_000 };

/** `rebased` comes shortly before or after the first ping that measures the jump; after this time it does not come any more. */
const JUMP_PENDING_MS = 1_500;

const SIGNALS = new Set(["reacted", "typing", "skew", "film_differs"]);

const localNow = () => performance.now();

export class Session {
  clock = new Clock();
  /** Returns what the player has to say along with a ping: {skew_ms} or {}. */
  reportWithPing = () => ({});
  #position = new LogPosition();
  #commands;
  #socket;
  #pings;
  #state = null;
  #on;
  #resendTimers = new Set();
  #jumpTimer = null;

  constructor({ join, on, secondScreen, open, random, newId }) {
    this.#on = on;
    this.#commands = new Commands(newId);
    this.#socket = new RoomSocket({
      join, secondScreen, open, random, position: this.#position,
      on: { status: this.#onStatus, message: this.#onMessage },
    });
    this.#pings = new Pings({
      clock: this.clock,
      send: (ping) => this.#socket.send(ping),
      on: {
        jumped: () => this.#onJump(),
        silent: () => this.#socket.restart(),
      },
      now: localNow,
      report: () => this.reportWithPing(),
    });
  }

  /** The replica of the room, or null before the first welcome. */
  get state() {
    return this.#state;
  }

  /** Whether the connection is live. */
  get live() {
    return this.#socket.live;
  }

  /** Return the server's time now, ms. */
  now = () => this.clock.serverAt(localNow());

  /** Enter the room. */
  start() {
    this.#socket.start();
  }

  /** Leave the room for good; pending commands are refused as `closed`. */
  stop() {
    this.#socket.stop();
    this.#shutDown({ code: "closed" });
  }

  /** Reconnect now instead of after the delay: the machine is online again, or the page visible. */
  reconnectNow() {
    this.#socket.reconnectNow();
  }

  /** Tell that the connection is lost, and try again: the machine is offline. */
  lostNetwork() {
    if (this.live) this.#socket.restart();
  }

  /**
   * Send a command of protocol v1 (`play`, `say`, `history`, `kick`, …) now or on the next connection; return a promise of the server's
   * answer (rejects with a Refusal). Passing the `id` of an earlier try repeats that try.
   */
  command(type, fields = {}, id = undefined) {
    const { message, answered } = this.#commands.add(type, fields, localNow(), id);
    this.#socket.send(message);
    return answered;
  }

  /** Report this player's state; return whether it was sent. It is not kept, since a new connection starts with a new report. */
  report(fields) {
    return this.#socket.send({ type: "report", ...fields });
  }

  /** Send a message that is neither answered nor repeated (`react`, `typing`); return whether it was sent. */
  signal(type, fields = {}) {
    return this.#socket.send({ type, ...fields });
  }

  #onStatus = (name, detail) => {
    if (name === "live") {
      this.#pings.start();
      for (const message of this.#commands.pendingMessages(localNow())) this.#socket.send(message);
    } else {
      this.#pings.stop();
    }
    if (name === "closed" || name === "stopped") this.#shutDown({ code: detail.reason });
    this.#on.status(name, detail ?? {});
  };

  #onMessage = (message) => {
    this.#pings.heard();
    switch (message.type) {
      case "welcome":
        return this.#onWelcome(message);
      case "snapshot":
        return this.#onSnapshot(message);
      case "pong":
        return this.#pings.receive(message, localNow());
      case "ack":
      case "history":
        return this.#commands.acknowledge(message.id, message);
      case "error":
        return this.#onError(message);
      default:
        if (SIGNALS.has(message.type)) return this.#state && this.#on.signal(message);
        return message.seq === undefined ? undefined : this.#onEvent(message);
    }
  };

  #onWelcome(message) {
    this.clock.estimate(message.server_ms, localNow());
    if (message.mode === "snapshot") return this.#onSnapshot(message);
    this.#state = { ...this.#state, you: message.you ?? this.#state.you, limits: message.limits ?? this.#state.limits };
    return undefined;
  }

  #onSnapshot(message) {
    this.#position.moveTo(message);
    this.#state = fromSnapshot(message, this.#state);
    this.#on.playback(this.#state.playback); // first: a player that has to seek need not wait until the page is drawn
    this.#on.room(this.#state);
  }

  #onEvent(event) {
    const place = this.#position.advance(event);
    if (place === "gap") return this.#socket.restart();
    if (place === "duplicate") return undefined;
    const before = this.#state.playback;
    this.#state = evolve(this.#state, event);
    if (event.type === "rebased") this.#onRebased(event.shift_ms);
    if (event.command && event.by === this.#state.you?.id) this.#commands.acknowledge(event.command, { seq: event.seq });
    if (this.#state.playback !== before) this.#on.playback(this.#state.playback); // first, as at a snapshot
    this.#on.event(event, this.#state);
    return undefined;
  }

  /** The server's clock was set and the film stands where it was: move our clock too, then measure it anew. */
  #onRebased(shiftMs) {
    clearTimeout(this.#jumpTimer);
    this.clock.shift(shiftMs);
    this.#pings.burst();
  }

  #onJump() {
    clearTimeout(this.#jumpTimer);
    const accept = () => {
      this.clock.acceptJump();
      if (this.#state) this.#on.playback(this.#state.playback);
    };
    if (this.clock.jumpPending) this.#jumpTimer = setTimeout(accept, JUMP_PENDING_MS);
    else accept();
  }

  #onError(error) {
    const resendMs = RESEND_AFTER_MS[error.code];
    if (error.id && resendMs !== undefined) return this.#resend(error.id, error.retry_after_ms ?? resendMs);
    if (error.id && this.#commands.pendingMessage(error.id, localNow())) return this.#commands.refuse(error.id, error);
    return this.#on.refused(error);
  }

  #resend(id, ms) {
    const timer = setTimeout(() => {
      this.#resendTimers.delete(timer);
      const message = this.#commands.pendingMessage(id, localNow());
      if (message) this.#socket.send(message);
    }, ms);
    this.#resendTimers.add(timer);
  }

  #shutDown(error) {
    this.#pings.stop();
    clearTimeout(this.#jumpTimer);
    for (const timer of this.#resendTimers) clearTimeout(timer);
    this.#resendTimers.clear();
    this.#commands.refuseAll(error);
  }
}

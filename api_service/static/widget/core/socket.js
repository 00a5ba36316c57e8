/**
 * One room's connection: joins, says hello, comes back after a loss with the resume token, and stops where coming back is no use.
 *
 * join ──▶ open ──▶ hello (ticket, or resume with epoch/seq/hash) ──▶ welcome ──▶ live ──close──▶ wait (full jitter) ──▶ open …
 */
import { waitBefore } from "./backoff.js";

/** What each close code of protocol v1 means here; a code not listed (1006: the line broke) is "resume". */
const AFTER_CLOSE = {
  4400: "join", // our message was refused: start over
  4401: "join", // the ticket or the token has run out: get a new one
  4403: "stop",
  4408: "join",
  4409: "stop",
  4410: "closed",
  4413: "resume",
  4429: "resume",
  4500: "resume",
  4503: "resume",
  4504: "resume",
};
const REASONS = { 4403: "forbidden", 4409: "room_full" };

/** What an error just before a close with 4403 says of it. */
const SHUT_OUT = new Set(["kicked", "banned", "room_locked"]);

/** After `too_fast` the first tries come no sooner than the third would. */
const ATTEMPT_AFTER_TOO_FAST = 3;

/** A connection that did not bring a welcome in this time is given up. */
const WELCOME_WITHIN_MS = 10_000;

const OPEN = 1;

export class RoomSocket {
  #join;
  #open;
  #random;
  #heard;
  #order;
  #socket = null;
  #address = null;
  #ticket = null;
  #resume = null;
  #attempt = 0;
  #timer = null;
  #deadline = null;
  #stopped = true;
  #live = false;
  #shutOut = null;

  /**
   * `join()` gives {ticket, socket_url} or throws a JoinError; `order` is the place in the log (log-position.js).
   * `heard` takes {status(name, detail), message(object)}; statuses: joining, connecting, live, waiting, closed, stopped.
   */
  constructor({ join, order, heard, open = (url) => new WebSocket(url), random = Math.random }) {
    this.#join = join;
    this.#order = order;
    this.#heard = heard;
    this.#open = open;
    this.#random = random;
  }

  get live() {
    return this.#live;
  }

  start() {
    this.#stopped = false;
    this.#attempt = 0;
    this.#connect();
  }

  /** Leaves for good; `leave` tells the room at once instead of after its grace. */
  stop({ leave = true } = {}) {
    if (leave && this.#live) this.send({ type: "leave" });
    this.#end();
  }

  /** Sends a message if the connection is live; answers whether it did. */
  send(message) {
    if (!this.#live || this.#socket?.readyState !== OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** Keeps the newest resume token (it comes in `welcome` and with some `pong`s). */
  keep(resume) {
    this.#resume = resume;
  }

  /** Breaks off and comes back soon with the resume token: a gap in the log, or a line that no longer answers. */
  restart(afterMs = this.#nextWait()) {
    if (this.#stopped) return;
    this.#drop();
    this.#wait(afterMs);
  }

  /** The machine is online again, or the page visible: do not sit out a long wait. */
  hurry() {
    if (this.#stopped || this.#timer === null) return;
    this.#wait(0);
  }

  async #connect() {
    this.#timer = null;
    if (!this.#resume && !(await this.#getTicket())) return;
    if (this.#stopped) return;
    this.#heard.status("connecting");
    const socket = this.#open(this.#address);
    this.#socket = socket;
    this.#shutOut = null;
    this.#deadline = setTimeout(() => this.restart(), WELCOME_WITHIN_MS);
    socket.onopen = () => socket.send(JSON.stringify(this.#hello()));
    socket.onmessage = ({ data }) => socket === this.#socket && this.#receive(JSON.parse(data));
    socket.onclose = ({ code }) => socket === this.#socket && this.#closed(code);
  }

  async #getTicket() {
    this.#heard.status("joining");
    try {
      const { ticket, socket_url: address } = await this.#join();
      this.#ticket = ticket;
      this.#address = address;
      return true;
    } catch (error) {
      if (this.#stopped) return false;
      if (error instanceof JoinError && error.final) this.#finish(error.code, error);
      else this.#wait(Math.max(error?.retryAfterMs ?? 0, this.#nextWait()), error);
      return false;
    }
  }

  #hello() {
    if (this.#resume && this.#order.known) {
      const { epoch, seq, hash } = this.#order;
      return { type: "hello", protocol: 1, resume: this.#resume, epoch, seq, hash };
    }
    return { type: "hello", protocol: 1, ticket: this.#ticket };
  }

  #receive(message) {
    if (message.type === "welcome") {
      clearTimeout(this.#deadline);
      this.#attempt = 0;
      this.#live = true;
    }
    if (message.type === "error" && SHUT_OUT.has(message.code)) this.#shutOut = message.code;
    if (message.resume) this.#resume = message.resume;
    if (message.type === "reconnect") return this.restart(message.after_ms ?? 0);
    this.#heard.message(message);
    if (message.type === "welcome" && this.#live) this.#heard.status("live", { mode: message.mode });
    return undefined;
  }

  #closed(code) {
    this.#drop();
    const next = AFTER_CLOSE[code] ?? "resume";
    if (next === "closed") return this.#finish("room_closed");
    if (next === "stop") return this.#finish((code === 4403 && this.#shutOut) || REASONS[code]);
    if (next === "join") this.#resume = null;
    if (code === 4429) this.#attempt = Math.max(this.#attempt, ATTEMPT_AFTER_TOO_FAST);
    return this.#wait(this.#nextWait());
  }

  #nextWait() {
    const wait = waitBefore(this.#attempt, this.#random);
    this.#attempt += 1;
    return wait;
  }

  #wait(ms, error = null) {
    clearTimeout(this.#timer);
    this.#heard.status("waiting", { forMs: ms, attempt: this.#attempt, error });
    this.#timer = setTimeout(() => this.#connect(), ms);
  }

  #finish(reason, error = null) {
    this.#end();
    this.#heard.status(reason === "room_closed" ? "closed" : "stopped", { reason, error });
  }

  #end() {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#drop();
  }

  #drop() {
    const socket = this.#socket;
    this.#socket = null;
    this.#live = false;
    clearTimeout(this.#deadline);
    if (socket && socket.readyState <= OPEN) socket.close();
  }
}

/** Why a ticket could not be had. `final`: trying again is no use (closed room, no right to enter, signed out). */
export class JoinError extends Error {
  constructor(code, { message = code, final = false, retryAfterMs = 0 } = {}) {
    super(message);
    this.name = "JoinError";
    this.code = code;
    this.final = final;
    this.retryAfterMs = retryAfterMs;
  }
}

const FINAL_STATUSES = new Set([400, 401, 403, 404, 409, 410, 422]);

/** A `join` for RoomSocket that POSTs to `url` and reads the answer or its problem document (RFC 9457). */
export function joinBy(url, { fetch = globalThis.fetch, headers = {} } = {}) {
  return async () => {
    const response = await fetch(url, { method: "POST", headers: { Accept: "application/json", ...headers } });
    const body = await response.json().catch(() => ({}));
    if (response.ok) return body;
    throw new JoinError(response.status === 410 ? "room_closed" : body.code ?? `http_${response.status}`, {
      message: body.detail ?? body.title,
      final: FINAL_STATUSES.has(response.status),
      retryAfterMs: (Number(response.headers.get("Retry-After")) || 0) * 1000,
    });
  };
}

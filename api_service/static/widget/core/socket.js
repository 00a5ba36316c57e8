/**
 * One room's connection: joins, says hello, reconnects with the resume token after a loss, and stops where reconnecting is no use.
 *
 * join ──▶ open ──▶ hello (ticket, or resume with epoch/seq/hash) ──▶ welcome ──▶ live ──close──▶ wait (full jitter) ──▶ open …
 */
import { backoffMs } from "./backoff.js";

/** What follows each close code of protocol v1; after codes that are not listed (1006: the line broke) it is "resume". */
const AFTER_CLOSE = {
  4400: "join", // our message was refused: start over
  4401: "join", // the ticket or the token has expired: get a new one
  4403: "stop",
  4408: "join",
  4409: "stop",
  4410: "closed",
  4413: "resume",
  4429: "resume",
  4440: "stop",
  4500: "resume",
  4503: "resume",
  4504: "resume",
};
const STOP_REASONS = { 4403: "forbidden", 4409: "room_full", 4440: "sign_in_required" };

/** Error codes that the server sends just before a close with 4403, to say why. */
const FORBIDDEN_REASONS = new Set(["kicked", "banned", "revoked", "guests_off", "room_locked"]);

/** After a close for `too_fast` the delay is at least that of this try. */
const ATTEMPT_AFTER_TOO_FAST = 3;

/** A connection that brings no welcome within this time is abandoned. */
const WELCOME_WITHIN_MS = 10_000;

const OPEN = 1;

export class RoomSocket {
  #join;
  #open;
  #random;
  #on;
  #position;
  #secondScreen;
  #socket = null;
  #address = null;
  #ticket = null;
  #resume = null;
  #attempt = 0;
  #timer = null;
  #deadline = null;
  #stopped = true;
  #live = false;
  #forbiddenReason = null;

  /**
   * `join()` resolves to {ticket, socket_url} or rejects with a JoinError; `position` is the LogPosition to resume from; a `secondScreen` has
   * no player.
   * `on` is {status(name, detail), message(object)}; statuses: joining, connecting, live, waiting, closed, stopped.
   */
  constructor({ join, position, on, secondScreen = false, open = (url) => new WebSocket(url), random = Math.random }) {
    this.#join = join;
    this.#position = position;
    this.#secondScreen = secondScreen;
    this.#on = on;
    this.#open = open;
    this.#random = random;
  }

  /** Whether the server has welcomed this connection and it still stands. */
  get live() {
    return this.#live;
  }

  /** Connect. */
  start() {
    this.#stopped = false;
    this.#attempt = 0;
    this.#connect();
  }

  /** Disconnect for good; with `leave` the room learns of it at once instead of after its grace period. */
  stop({ leave = true } = {}) {
    if (leave && this.#live) this.send({ type: "leave" });
    this.#end();
  }

  /** Send a message if the connection is live; return whether it was sent. */
  send(message) {
    if (!this.#live || this.#socket?.readyState !== OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** Disconnect and reconnect with the resume token after `afterMs`: events are missing, or the connection no longer answers. */
  restart(afterMs = this.#nextBackoffMs()) {
    if (this.#stopped) return;
    this.#drop();
    this.#wait(afterMs);
  }

  /** End the delay before the next try, if there is one. */
  reconnectNow() {
    if (this.#stopped || this.#timer === null) return;
    this.#wait(0);
  }

  async #connect() {
    this.#timer = null;
    if (!this.#resume && !(await this.#getTicket())) return;
    if (this.#stopped) return;
    this.#on.status("connecting");
    const socket = this.#open(this.#address);
    this.#socket = socket;
    this.#forbiddenReason = null;
    this.#deadline = setTimeout(() => this.restart(), WELCOME_WITHIN_MS);
    socket.onopen = () => socket.send(JSON.stringify(this.#hello()));
    socket.onmessage = ({ data }) => socket === this.#socket && this.#receive(JSON.parse(data));
    socket.onclose = ({ code }) => socket === this.#socket && this.#onClose(code);
  }

  async #getTicket() {
    this.#on.status("joining");
    try {
      const { ticket, socket_url: address } = await this.#join();
      this.#ticket = ticket;
      this.#address = address;
      return true;
    } catch (error) {
      if (this.#stopped) return false;
      if (error instanceof JoinError && error.final) this.#finish(error.code, error);
      else this.#wait(Math.max(error?.retryAfterMs ?? 0, this.#nextBackoffMs()), error);
      return false;
    }
  }

  #hello() {
    const hello = { type: "hello", protocol: 1, ...(this.#secondScreen ? { second_screen: true } : {}) };
    if (!this.#resume || !this.#position.known) return { ...hello, ticket: this.#ticket };
    const { epoch, seq, hash } = this.#position;
    return { ...hello, resume: this.#resume, epoch, seq, hash };
  }

  #receive(message) {
    if (message.type === "welcome") {
      clearTimeout(this.#deadline);
      this.#attempt = 0;
      this.#live = true;
    }
    if (message.type === "error" && FORBIDDEN_REASONS.has(message.code)) this.#forbiddenReason = message.code;
    if (message.resume) this.#resume = message.resume;
    if (message.type === "reconnect") return this.restart(message.after_ms ?? 0);
    this.#on.message(message);
    if (message.type === "welcome" && this.#live) this.#on.status("live", { mode: message.mode });
    return undefined;
  }

  #onClose(code) {
    this.#drop();
    const next = AFTER_CLOSE[code] ?? "resume";
    if (next === "closed") return this.#finish("room_closed");
    if (next === "stop") return this.#finish((code === 4403 && this.#forbiddenReason) || STOP_REASONS[code]);
    if (next === "join") this.#resume = null;
    if (code === 4429) this.#attempt = Math.max(this.#attempt, ATTEMPT_AFTER_TOO_FAST);
    return this.#wait(this.#nextBackoffMs());
  }

  #nextBackoffMs() {
    const ms = backoffMs(this.#attempt, this.#random);
    this.#attempt += 1;
    return ms;
  }

  #wait(ms, error = null) {
    clearTimeout(this.#timer);
    this.#on.status("waiting", { forMs: ms, attempt: this.#attempt, error });
    this.#timer = setTimeout(() => this.#connect(), ms);
  }

  #finish(reason, error = null) {
    this.#end();
    this.#on.status(reason === "room_closed" ? "closed" : "stopped", { reason, error });
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

/** Why no ticket could be had. `final` means that trying again is no use: a closed room, no permission to enter, signed out. */
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

/**
 * Return a `join` function that POSTs to `url` and reads the ticket, or throws a JoinError made of the problem document (RFC 9457).
 * `token` returns a promise of an access token, which goes along instead of cookies; a refused one is asked for anew, once.
 */
export function joinBy(url, { fetch = globalThis.fetch, token = null } = {}) {
  const post = async (refused) => {
    const headers = { Accept: "application/json" };
    if (!token) return fetch(url, { method: "POST", headers });
    headers.Authorization = `Bearer ${await token({ refused })}`;
    return fetch(url, { method: "POST", headers, credentials: "omit" });
  };
  return async () => {
    let response = await post(false);
    if (token && response.status === 401) response = await post(true);
    const body = await response.json().catch(() => ({}));
    if (response.ok) return body;
    throw new JoinError(response.status === 410 ? "room_closed" : body.code ?? `http_${response.status}`, {
      message: body.detail ?? body.title,
      final: FINAL_STATUSES.has(response.status),
      retryAfterMs: (Number(response.headers.get("Retry-After")) || 0) * 1000,
    });
  };
}

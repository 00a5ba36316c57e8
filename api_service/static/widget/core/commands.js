/**
 * Commands sent and not yet answered. A command keeps its id until it is answered, also across connections: the server
 * remembers ids for 15 minutes and answers a repeated one without carrying it out twice.
 */

/** What was wished of a room older than this has passed: it must not move a room that went on without us. */
export const WISH_LIVES_MS = 10_000;

/** Text waits long for a connection (nothing typed is lost), but not longer than the server remembers its id. */
export const TEXT_LIVES_MS = 14 * 60_000;

const WISHES = new Set(["play", "pause", "seek", "set_rate"]);
const TEXTS = new Set(["say", "delete_message"]);

export class Commands {
  #pending = new Map();
  #newId;

  constructor(newId = randomId) {
    this.#newId = newId;
  }

  /** Keeps a command; answers {message, answered}: the frame to send, and a promise of `ack` (rejects with a Refusal). */
  keep(type, fields, nowMs, id = this.#newId()) {
    const message = { type, id, ...fields };
    // A new wish replaces an unanswered one of the same kind: of three seeks while offline only the last is meant.
    for (const [key, other] of this.#pending) {
      if (WISHES.has(type) && other.message.type === type) this.refuse(key, { code: "superseded" });
    }
    const entry = { message, keptAtMs: nowMs };
    entry.answered = new Promise((resolve, reject) => Object.assign(entry, { resolve, reject }));
    entry.answered.catch(() => {});
    this.#pending.set(id, entry);
    return { message, answered: entry.answered };
  }

  /** Frames to send again on a new connection, oldest first; what has passed meanwhile is refused as `too_late`. */
  repeat(nowMs) {
    return [...this.#pending.keys()].map((id) => this.again(id, nowMs)).filter(Boolean);
  }

  /** The frame of one pending command to send again, or undefined when it was answered or has passed. */
  again(id, nowMs) {
    const entry = this.#pending.get(id);
    if (!entry) return undefined;
    const livesMs = TEXTS.has(entry.message.type) ? TEXT_LIVES_MS : WISH_LIVES_MS;
    if (nowMs - entry.keptAtMs <= livesMs) return entry.message;
    this.refuse(id, { code: "too_late" });
    return undefined;
  }

  acknowledge(id, answer = {}) {
    this.#take(id)?.resolve(answer);
  }

  refuse(id, error) {
    this.#take(id)?.reject(new Refusal(error));
  }

  refuseAll(error) {
    for (const id of [...this.#pending.keys()]) this.refuse(id, error);
  }

  get size() {
    return this.#pending.size;
  }

  #take(id) {
    const entry = this.#pending.get(id);
    this.#pending.delete(id);
    return entry;
  }
}

/** Why a command was not carried out: the server's error, or `superseded`, `too_late`, `closed`, `forbidden` from here. */
export class Refusal extends Error {
  constructor({ code, message, retry_after_ms: retryAfterMs }) {
    super(message ?? code);
    this.name = "Refusal";
    this.code = code;
    this.retryAfterMs = retryAfterMs ?? null;
  }
}

/** 128 random bits; `crypto.randomUUID` is missing on pages served without TLS. */
export function randomId() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

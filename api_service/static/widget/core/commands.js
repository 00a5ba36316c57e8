/**
 * Commands sent and not yet answered. A command keeps its id until it is answered, also across connections: the server
 * remembers ids for 15 minutes and answers a repeated one without carrying it out twice.
 */

/** An unanswered command older than this is dropped: it must not move a room that went on without this viewer. */
export const COMMAND_EXPIRES_MS = 10_000;

/** Text waits longer for a connection, so that nothing typed is lost, but not longer than the server remembers its id. */
export const TEXT_EXPIRES_MS = 14 * 60_000;

/** Commands that move the film. */
export const PLAYBACK_COMMANDS = new Set(["play", "pause", "seek", "set_rate"]);
const TEXT_COMMANDS = new Set(["say", "edit_message", "delete_message"]);

export class Commands {
  #pending = new Map();
  #newId;

  constructor(newId = randomId) {
    this.#newId = newId;
  }

  /** Add a command; return {message, answered}: the frame to send and a promise of the server's answer (rejects with a Refusal). */
  add(type, fields, nowMs, id = this.#newId()) {
    const message = { type, id, ...fields };
    // Of three seeks made while offline only the last is meant.
    for (const [key, other] of this.#pending) {
      if (PLAYBACK_COMMANDS.has(type) && other.message.type === type) this.refuse(key, { code: "superseded" });
    }
    const entry = { message, addedAtMs: nowMs };
    entry.answered = new Promise((resolve, reject) => Object.assign(entry, { resolve, reject }));
    entry.answered.catch(() => {});
    this.#pending.set(id, entry);
    return { message, answered: entry.answered };
  }

  /** Return the frames to send on a new connection, oldest first; expired commands are refused as `too_late`. */
  pendingMessages(nowMs) {
    return [...this.#pending.keys()].map((id) => this.pendingMessage(id, nowMs)).filter(Boolean);
  }

  /** Return the frame of one pending command, or undefined if it was answered or has expired. */
  pendingMessage(id, nowMs) {
    const entry = this.#pending.get(id);
    if (!entry) return undefined;
    const expiresMs = TEXT_COMMANDS.has(entry.message.type) ? TEXT_EXPIRES_MS : COMMAND_EXPIRES_MS;
    if (nowMs - entry.addedAtMs <= expiresMs) return entry.message;
    this.refuse(id, { code: "too_late" });
    return undefined;
  }

  /** Resolve a pending command with the server's answer. */
  acknowledge(id, answer = {}) {
    this.#take(id)?.resolve(answer);
  }

  /** Reject a pending command with a Refusal made of `error` {code, message, retry_after_ms}. */
  refuse(id, error) {
    this.#take(id)?.reject(new Refusal(error));
  }

  /** Reject every pending command. */
  refuseAll(error) {
    for (const id of [...this.#pending.keys()]) this.refuse(id, error);
  }

  #take(id) {
    const entry = this.#pending.get(id);
    this.#pending.delete(id);
    return entry;
  }
}

/** Why a command was not carried out: the server's error code, or `superseded`, `too_late`, `closed`, `forbidden` from here. */
export class Refusal extends Error {
  constructor({ code, message, retry_after_ms: retryAfterMs }) {
    super(message ?? code);
    this.name = "Refusal";
    this.code = code;
    this.retryAfterMs = retryAfterMs ?? null;
  }
}

/** Return 128 random bits as 32 hexadecimal digits; `crypto.randomUUID` is missing on pages served without TLS. */
export function randomId() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

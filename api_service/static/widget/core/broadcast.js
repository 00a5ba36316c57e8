/**
 * A broadcast in its own time. Each player counts from the first playlist that it has seen, so positions of the room are dates of the
 * stream: `getStartDate()` of the player (HTML, 4.8.11.6; EXT-X-PROGRAM-DATE-TIME of HLS) says which date its own zero is. Position 0 is the
 * instant at which the room was opened. Without dates each player is where its own stream is, and nobody is in step.
 */

/** So far behind the end of what is there a player plays without running dry, if that lies in the last two thirds of the window. */
const HOLD_BACK_MS = 10_000;

/** Moments that are so little outside of what can be played are waited for: playlists grow in steps, and players learn of it late. */
const OUTSIDE_BY_MS = { before: 500, after: 3_000 };

/**
 * Return the date of position 0 in a room's broadcast, ms: when the room was opened, which its id, a UUIDv7, tells (RFC 9562, 5.7). Null for a
 * film, whose length the catalogue knows.
 */
export function originOf({ id, film }) {
  return (film?.duration_ms ?? null) === null ? parseInt(id.replaceAll("-", "").slice(0, 12), 16) : null;
}

export class Broadcast {
  #media;
  #originMs = null;
  #ownOffsetMs = null;

  constructor(media) {
    this.#media = media;
  }

  /** Set the date of the room's position 0, or null for a film. */
  set originMs(originMs) {
    this.#originMs = originMs;
  }

  /** Whether the player plays a broadcast: the catalogue knows no length, and neither does the player. */
  get live() {
    return this.#originMs !== null && this.#media.duration === Infinity;
  }

  /** Whether it is in step with others: its stream has dates. */
  get dated() {
    return Number.isFinite(this.#startMs);
  }

  /** What is to be added to the player's own time to get the room's, ms; 0 for a film. */
  get offsetMs() {
    if (!this.live) return 0;
    return this.dated ? this.#startMs - this.#originMs : this.#ownOffsetMs ?? 0;
  }

  /** The part of the broadcast that can be played now, room's ms: {fromMs, toMs, edgeMs}, `edgeMs` being the live edge; null if there is none. */
  get playable() {
    const range = this.live ? this.#range : null;
    if (!range) return null;
    const [fromMs, toMs] = [range.start, range.end].map((seconds) => seconds * 1000 + this.offsetMs);
    return { fromMs, toMs, edgeMs: Math.max(fromMs + (toMs - fromMs) / 3, toMs - HOLD_BACK_MS) };
  }

  /** Return what is around the room's position `targetMs`: {dated, edgeMs, behindMs}, the last being how far it is behind the edge; null if there is nothing. */
  around(targetMs) {
    const { playable, dated } = this;
    return playable && { dated, edgeMs: playable.edgeMs, behindMs: Math.max(0, playable.edgeMs - targetMs) };
  }

  /** Return whether the stream does not have the moment `targetMs`: no more, or not yet for a while. */
  lacks(targetMs) {
    const { playable } = this;
    return playable !== null && (targetMs < playable.fromMs - OUTSIDE_BY_MS.before || targetMs > playable.toMs + OUTSIDE_BY_MS.after);
  }

  /** Note that the stream was loaded, maybe with another zero. */
  restart() {
    this.#ownOffsetMs = null;
  }

  /** Without dates: take this player's live edge for where the room is, once. */
  settle(targetMs) {
    if (!this.live || this.dated || this.#ownOffsetMs !== null) return;
    const { playable } = this;
    if (playable) this.#ownOffsetMs = targetMs - playable.edgeMs;
  }

  /** `seekable` counts what is buffered too, though the stream has it no more: whoever knows the playlist says `liveRange`. */
  get #range() {
    const { liveRange, seekable } = this.#media;
    if (liveRange !== undefined) return liveRange;
    return seekable?.length ? { start: seekable.start(0), end: seekable.end(seekable.length - 1) } : null;
  }

  get #startMs() {
    return this.#media.getStartDate?.().getTime() ?? NaN;
  }
}

/** From a place of one's own back to the room's, at a faster rate instead of a jump. Pure: no timers, no player, no clock. */
import { positionAt } from "./timeline.js";

/** Faster than this speech is hard to follow. */
export const FASTEST = 1.5;

/** So near the player is level: what is left the drift controller removes. */
export const LEVEL_MS = 20;

/** Whoever would be on the way for longer than this jumps. */
export const LONGEST_MS = 6 * 60_000;

/**
 * Return how a player at `fromMs` gets level with the room's `playback` from the server's time `nowMs` on: {vector, levelAtMs}, the vector
 * to follow until then; or null where it follows the room at once: it is level or ahead, the room itself is too fast, or it would take too long.
 */
export function catchUp(fromMs, playback, nowMs, durationMs = Infinity) {
  const behindMs = positionAt(playback, nowMs, durationMs) - fromMs;
  if (behindMs <= LEVEL_MS) return null;
  const takesMs = meetsInMs(behindMs - LEVEL_MS, playback, nowMs);
  if (takesMs > LONGEST_MS) return null;
  const vector = { status: "playing", position_ms: fromMs, rate: FASTEST, at_ms: nowMs, lead_rate: null };
  return { vector, levelAtMs: nowMs + takesMs };
}

/** Return after how many ms somebody at FASTEST has made up `behindMs`: against a film that stands, runs, or is about to run. */
function meetsInMs(behindMs, { status, rate, at_ms: atMs }, nowMs) {
  const standsForMs = status === "playing" ? Math.max(0, atMs - nowMs) : Infinity;
  if (behindMs / FASTEST <= standsForMs) return behindMs / FASTEST;
  const left = behindMs - standsForMs * FASTEST;
  return rate < FASTEST ? standsForMs + left / (FASTEST - rate) : Infinity;
}

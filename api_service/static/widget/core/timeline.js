/** The film's position over time, from the timing vector {status, position_ms, rate, at_ms, lead_rate} of protocol v1. */

/** Return the length of the room's film in ms, as its players agree, else by the catalogue; undefined where nobody knows it. */
export function lengthOf(playback, film) {
  return playback?.length_ms ?? film?.duration_ms ?? undefined;
}

/** Return the position in ms at the server's time `nowMs`, within [0, durationMs]; an unknown duration (0, NaN) is no bound. */
export function positionAt(playback, nowMs, durationMs = Infinity) {
  const sinceMs = nowMs - playback.at_ms;
  const rate = sinceMs > 0 ? playback.rate : (playback.lead_rate ?? 0); // a start, or another rate, lies ahead
  const movedMs = playback.status === "playing" ? sinceMs * rate : 0;
  return Math.min(Math.max(0, playback.position_ms + movedMs), durationMs || Infinity);
}

/**
 * Return the vector that holds at the server's time `nowMs`: while another rate lies ahead, that of the film as it still runs. Whoever
 * follows it asks again at `at_ms`.
 */
export function inForceAt(playback, nowMs) {
  if (playback.status !== "playing" || !playback.lead_rate || nowMs >= playback.at_ms) return playback;
  return { ...playback, position_ms: positionAt(playback, nowMs), at_ms: nowMs, rate: playback.lead_rate, lead_rate: null };
}

/** Return whether the film has started and not yet ended at the server's time `nowMs`. */
export function isRunning(playback, nowMs, durationMs = Infinity) {
  return playback.status === "playing" && (nowMs >= playback.at_ms || Boolean(playback.lead_rate))
    && positionAt(playback, nowMs, durationMs) < (durationMs || Infinity);
}

/** Return a position as people read it: "1:02:03" or "2:03". */
export function readablePosition(positionMs) {
  const seconds = Math.max(0, Math.floor(positionMs / 1000));
  const two = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

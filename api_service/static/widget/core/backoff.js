/**
 * Reconnect delays with full jitter (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
 * When a node dies, its thousands of viewers reconnect spread over the whole interval instead of in waves.
 */

export const FIRST_MS = 500;
export const LONGEST_MS = 15_000;

/** Return the delay in ms before try number `attempt` (0 is the first); `random` returns a number in [0, 1). */
export function backoffMs(attempt, random = Math.random) {
  return random() * Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 16));
}

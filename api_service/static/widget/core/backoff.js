/**
 * How long to wait before the next try: "full jitter" (Exponential Backoff And Jitter, M. Brooker, AWS Architecture Blog, 2015).
 * After a node dies, its thousands of viewers come back spread over the whole interval instead of in waves.
 */

export const FIRST_MS = 500;
export const LONGEST_MS = 15_000;

/** Ms before try number `attempt` (0 is the first); `random` gives [0, 1). */
export function waitBefore(attempt, random = Math.random) {
  return random() * Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 16));
}

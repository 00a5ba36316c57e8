/**
 * When to seek and when to call play() so that the film moves at a given instant.
 *
 * The start latency is the time from play() until the film moves. It depends on what the player did before: 100 to 220 ms for the first
 * start on a page, 75 to 120 ms after a seek, -20 to 30 ms after a pause (measured in Chromium; where it is negative, the film goes on from a
 * place ahead of the one at which it stood). Each kind is learnt apart and kept over pages, since it belongs to the machine.
 */
import { load, save } from "./storage.js";

const KEY = "movie-together.start-latency";

/** The latencies assumed before the first start of each kind, ms. */
export const FIRST_LATENCY_MS = Object.freeze({ load: 145, seek: 95, pause: 0 });

/** A latency outside of these is none, but a stall or a fault. */
export const SHORTEST_LATENCY_MS = -100;
export const LONGEST_LATENCY_MS = 400;

/**
 * The durations assumed before the first seek of each kind, ms: the first one on a page fetches the film from another place than its beginning
 * and starts the decoder there (240 to 420 ms measured in Chromium on a busy machine).
 */
export const FIRST_SEEK_MS = Object.freeze({ load: 260, seek: 120 });
export const LONGEST_SEEK_MS = 4_000;

/** Seeks vary: this much more time than the last ones took is allowed for. */
const SEEK_MARGIN = 1.25;

/**
 * After an aim that was missed the film is mostly there already, as the player has fetched on from the place that it missed: the next aim
 * allows for a slow seek only so far, the one after it three times as far, and so on.
 */
const AFTER_MISS_MS = 120;

/** The last seeks that count. One slow seek among them changes nothing, so that it does not delay the starts after it. */
const SEEKS_KEPT = 3;

export class StartTiming {
  #latencies = { ...FIRST_LATENCY_MS };
  #learnt = new Set();
  #seeks = { load: [], seek: [] };
  #latestSeekMs = 0;

  constructor() {
    const stored = storedTiming();
    for (const kind of Object.keys(FIRST_LATENCY_MS)) {
      if (stored[kind] >= SHORTEST_LATENCY_MS && stored[kind] <= LONGEST_LATENCY_MS) this.#latencies[kind] = stored[kind];
    }
    if (Array.isArray(stored.loadSeeks)) this.#seeks.load = stored.loadSeeks.filter((ms) => ms >= 0 && ms <= LONGEST_SEEK_MS).slice(-SEEKS_KEPT);
  }

  /** Return how many ms before the instant to call play(); `after` is what the player did before: "load", "seek" or "pause". */
  leadMs(after) {
    return this.#latencies[after];
  }

  /** Return how far ahead, in ms, a start aims that has to seek first, after so many `misses` of aims that came too late. */
  aimMs(after, misses = 0) {
    const expectedMs = misses ? Math.min(this.#latestSeekMs, AFTER_MISS_MS * 3 ** (misses - 1)) : this.#usualSeekMs(after);
    return Math.min(LONGEST_SEEK_MS, expectedMs * SEEK_MARGIN + this.leadMs(after));
  }

  /** Learn from a start: `latencyMs` passed from play() until the film moved. */
  started(after, latencyMs) {
    if (latencyMs < SHORTEST_LATENCY_MS || latencyMs > LONGEST_LATENCY_MS) return;
    const weight = this.#learnt.has(after) ? 0.5 : 1;
    this.#learnt.add(after);
    this.#latencies[after] += (latencyMs - this.#latencies[after]) * weight;
    this.#save();
  }

  /** Learn from a seek that took `tookMs` until the player could play; `after` is "load" for the first one on a page. */
  seekTook(tookMs, after = "seek") {
    this.#latestSeekMs = Math.min(LONGEST_SEEK_MS, tookMs);
    this.#seeks[after] = [...this.#seeks[after], this.#latestSeekMs].slice(-SEEKS_KEPT);
    if (after === "load") this.#save();
  }

  #usualSeekMs(after) {
    const seeks = [...this.#seeks[after]].sort((a, b) => a - b);
    return seeks[seeks.length >> 1] ?? FIRST_SEEK_MS[after];
  }

  #save() {
    save(KEY, JSON.stringify({ ...this.#latencies, loadSeeks: this.#seeks.load }));
  }
}

function storedTiming() {
  try {
    return JSON.parse(load(KEY)) ?? {};
  } catch {
    return {}; // another program's value stands under our key
  }
}

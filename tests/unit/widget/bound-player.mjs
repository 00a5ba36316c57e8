/** Players for tests, timelines for them to follow, and what they say. */
import { Player } from "../../../api_service/static/widget/core/player.js";
import { forget } from "../../../api_service/static/widget/core/storage.js";
import { positionAt } from "../../../api_service/static/widget/core/timeline.js";
import { Adapter } from "./adapter.mjs";
import { hold, pass } from "./time.mjs";

/** Begin a test, on a page that has learned nothing. */
export function begin() {
  hold();
  forget("movie-together.");
}

export const now = () => performance.now() + 1_000_000; // the server's clock is elsewhere

/** Bind a player that the test plays (adapter.mjs), and note what it says. */
export function bound(options = {}) {
  const media = new Adapter(options);
  const seen = { commands: [], statuses: [] };
  const player = new Player(media, {
    now,
    lastActMs: () => seen.actMs ?? -Infinity,
    browser: options.browser ?? {},
    on: {
      command: (type, value) => seen.commands.push([type, value]),
      status: (name) => seen.statuses.push(name),
      ready: () => {},
    },
  });
  return { media, seen, player };
}

export const playing = (position_ms, at_ms, rate = 1) => ({ status: "playing", position_ms, rate, at_ms });
export const holding = (position_ms) => ({ status: "holding", position_ms, rate: 1, at_ms: now() });
export const paused = (position_ms) => ({ status: "paused", position_ms, rate: 1, at_ms: now() });

/** A person touches the page, and what they do to the player follows. */
export async function act(seen) {
  await pass(1);
  seen.actMs = performance.now();
}

export const errorMs = (media, playback) => media.filmTime * 1000 - positionAt(playback, now());

import assert from "node:assert/strict";
import { test } from "node:test";

import { FASTEST, LEVEL_MS, LONGEST_MS, catchUp } from "../../../api_service/static/widget/core/catch-up.js";
import { positionAt } from "../../../api_service/static/widget/core/timeline.js";

const FILM_MS = 7_200_000;
const playing = (position_ms, at_ms, rate = 1) => ({ status: "playing", position_ms, rate, at_ms });
const standing = (status, position_ms) => ({ status, position_ms, rate: 1, at_ms: 0 });

/** How far the viewer is behind the room when the plan says that they are level. */
function leftMs(playback, { vector, levelAtMs }) {
  return positionAt(playback, levelAtMs, FILM_MS) - positionAt(vector, levelAtMs, FILM_MS);
}

for (const [name, playback] of Object.entries({
  "a film that runs": playing(600_000, 0),
  "a film that runs slowly": playing(600_000, 0, 0.75),
  "a film that runs faster": playing(600_000, 0, 1.25),
  "a film that stands": standing("paused", 600_000),
  "a film that waits": standing("holding", 600_000),
  "a film that is about to run": playing(600_000, 900),
  "a film that ends meanwhile": playing(FILM_MS - 1_000, 0),
})) {
  test(`whoever is behind ${name} gets level at ${FASTEST} times the speed`, () => {
    const roomMs = positionAt(playback, 500, FILM_MS);
    for (const behindMs of [100, 1_000, 30_000]) {
      const plan = catchUp(roomMs - behindMs, playback, 500, FILM_MS);
      assert.equal(plan.vector.rate, FASTEST);
      assert.equal(plan.vector.position_ms, roomMs - behindMs);
      assert.ok(plan.levelAtMs > 500);
      assert.ok(leftMs(playback, plan) <= LEVEL_MS + 0.01, `${leftMs(playback, plan)} ms are left`);
    }
  });
}

test("the way is no longer than it has to be", () => {
  const playback = playing(600_000, 0);
  const plan = catchUp(590_000, playback, 0, FILM_MS);
  assert.ok(Math.abs(leftMs(playback, plan) - LEVEL_MS) < 0.01);
  assert.ok(Math.abs(plan.levelAtMs - 2 * (10_000 - LEVEL_MS)) < 0.01, "half a second is gained in each second");
});

test("whoever is ahead, or too far behind, or behind a film that is as fast, jumps", () => {
  assert.equal(catchUp(610_000, playing(600_000, 0), 0, FILM_MS), null);
  assert.equal(catchUp(600_000 - LONGEST_MS, playing(600_000, 0), 0, FILM_MS), null);
  assert.equal(catchUp(590_000, playing(600_000, 0, FASTEST), 0, FILM_MS), null);
  assert.equal(catchUp(590_000, playing(600_000, 0, 2), 0, FILM_MS), null);
});

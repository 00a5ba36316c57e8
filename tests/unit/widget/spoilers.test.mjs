import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { BEHIND_MS, Spoilers, saveHoldsSpoilers } from "../../../api_service/static/widget/core/spoilers.js";

afterEach(() => saveHoldsSpoilers(true));

test("who is level with the room is told everything, who is behind nothing that lies ahead of them", () => {
  const spoilers = new Spoilers();
  assert.equal(spoilers.fromMs(100_000, 100_000), Infinity);
  assert.equal(spoilers.fromMs(100_000, 100_000 + BEHIND_MS), Infinity);
  assert.equal(spoilers.fromMs(100_000, 130_000), 100_000 + BEHIND_MS, "what was told already stays");
  assert.equal(spoilers.fromMs(110_000, 130_000), 110_000);
  assert.equal(spoilers.fromMs(128_000, 130_000), Infinity);
  assert.equal(spoilers.fromMs(140_000, 130_000), Infinity, "ahead of the others");
});

test("what was seen once is no spoiler, though one has gone back", () => {
  const spoilers = new Spoilers();
  spoilers.fromMs(100_000, 100_000);
  assert.equal(spoilers.fromMs(60_000, 110_000), 100_000);
});

test("a player that waits for data is where it was, and one that has not begun is nowhere", () => {
  const spoilers = new Spoilers();
  assert.equal(spoilers.fromMs(null, 130_000), Infinity);
  assert.equal(spoilers.fromMs(100_000, 101_000), Infinity);
  assert.equal(spoilers.fromMs(null, 104_000), Infinity);
  assert.equal(spoilers.fromMs(null, 130_000), 104_000);
});

test("who wants to know everything is told everything", () => {
  const spoilers = new Spoilers();
  saveHoldsSpoilers(false);
  assert.equal(spoilers.fromMs(100_000, 130_000), Infinity);
  saveHoldsSpoilers(true);
  assert.equal(spoilers.fromMs(100_000, 130_000), 100_000);
});

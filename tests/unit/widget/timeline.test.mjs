import assert from "node:assert/strict";
import { test } from "node:test";

import { inForceAt, isRunning, lengthOf, positionAt, readablePosition } from "../../../api_service/static/widget/core/timeline.js";

const playing = { status: "playing", position_ms: 10_000, rate: 1.5, at_ms: 1_000 };
const paused = { status: "paused", position_ms: 10_000, rate: 1.5, at_ms: 1_000 };

test("a paused film stays where it is", () => assert.equal(positionAt(paused, 99_000, 60_000), 10_000));

test("a playing film moves at its rate from at_ms on, and not before", () => {
  assert.equal(positionAt(playing, 500, 60_000), 10_000);
  assert.equal(positionAt(playing, 1_000, 60_000), 10_000);
  assert.equal(positionAt(playing, 3_000, 60_000), 13_000);
});

test("the film never leaves its own length", () => {
  assert.equal(positionAt(playing, 999_000, 60_000), 60_000);
  assert.equal(positionAt({ ...paused, position_ms: -5 }, 0, 60_000), 0);
});

test("an unknown length does not bound it", () => {
  assert.equal(positionAt(playing, 101_000), 160_000);
  assert.equal(positionAt(playing, 101_000, 0), 160_000);
  assert.equal(positionAt(playing, 101_000, NaN), 160_000);
});

test("the film is as long as its players agree, else as the catalogue says, else of unknown length", () => {
  assert.equal(lengthOf({ ...playing, length_ms: 90_000 }, { duration_ms: 60_000 }), 90_000);
  assert.equal(lengthOf({ ...playing, length_ms: null }, { duration_ms: 60_000 }), 60_000);
  assert.equal(positionAt(playing, 101_000, lengthOf({ ...playing, length_ms: null }, { duration_ms: null })), 160_000);
});

test("until another rate counts the film runs on as it does", () => {
  const ahead = { ...playing, lead_rate: 1 };
  assert.equal(positionAt(ahead, 900, 60_000), 9_900);
  assert.equal(positionAt(ahead, 2_000, 60_000), 11_500);
  assert.equal(isRunning(ahead, 900, 60_000), true);
  assert.deepEqual(inForceAt(ahead, 900), { ...playing, position_ms: 9_900, at_ms: 900, rate: 1, lead_rate: null });
  assert.equal(inForceAt(ahead, 1_000), ahead);
  assert.equal(inForceAt(playing, 900), playing);
});

test("a film runs between its start and its end", () => {
  assert.equal(isRunning(playing, 999, 60_000), false);
  assert.equal(isRunning(playing, 1_000, 60_000), true);
  assert.equal(isRunning(playing, 999_000, 60_000), false);
  assert.equal(isRunning(paused, 2_000, 60_000), false);
});

test("positions read like a player's", () => {
  assert.equal(readablePosition(0), "0:00");
  assert.equal(readablePosition(63_999), "1:03");
  assert.equal(readablePosition(3_723_000), "1:02:03");
  assert.equal(readablePosition(-1), "0:00");
});

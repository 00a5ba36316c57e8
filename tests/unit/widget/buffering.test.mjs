import assert from "node:assert/strict";
import { test } from "node:test";

import { Buffering, LANDING_MS, STALL_MS, THIN_MS } from "../../../api_service/static/widget/core/buffering.js";

/** A player whose dryness a test sets, under a clock that it moves. */
function watched() {
  const player = { dry: null };
  const told = [];
  let nowMs = 0;
  const buffering = new Buffering({ dry: () => player.dry, heard: (yes) => told.push(yes), now: () => nowMs });
  const pass = (ms) => {
    nowMs += ms;
    buffering.look();
  };
  return { player, told, buffering, pass };
}

test("a stumble is not told, a stall is, once, and its end at once", () => {
  const { player, told, pass } = watched();
  player.dry = "stall";
  pass(0);
  pass(STALL_MS - 1);
  player.dry = null;
  pass(1);
  player.dry = "stall";
  pass(1);
  pass(STALL_MS - 1);
  assert.deepEqual(told, []);
  pass(1);
  pass(1_000);
  assert.deepEqual(told, [true]);
  player.dry = null;
  pass(1);
  pass(1);
  assert.deepEqual(told, [true, false]);
});

test("landing after a seek gets more patience than running dry", () => {
  const { player, told, pass } = watched();
  player.dry = "landing";
  pass(0);
  pass(LANDING_MS - 1);
  assert.deepEqual(told, []);
  pass(1);
  assert.deepEqual(told, [true]);
});

test("the widget's own corrections hold nobody, and do not end what is told", () => {
  const { player, told, pass } = watched();
  player.dry = "excused";
  pass(0);
  pass(60_000);
  assert.deepEqual(told, []);
  player.dry = "stall";
  pass(1);
  assert.deepEqual(told, [true]);
  player.dry = "excused";
  pass(1);
  assert.deepEqual(told, [true]);
});

test("a new connection is told anew", (t) => {
  const { player, told, buffering, pass } = watched();
  t.after(() => buffering.stop());
  player.dry = "stall";
  pass(0);
  pass(STALL_MS);
  buffering.start();
  pass(0);
  pass(STALL_MS);
  assert.deepEqual(told, [true, true]);
});

test("who can play only the next frames is given a moment to get more, and is then taken at their word", () => {
  const { player, told, pass } = watched();
  player.dry = "thin";
  pass(60_000);
  assert.deepEqual(told, [], "that alone holds nobody");
  player.dry = "stall";
  pass(1);
  pass(STALL_MS);
  player.dry = "thin";
  pass(1);
  pass(THIN_MS - 1);
  assert.deepEqual(told, [true]);
  pass(1);
  assert.deepEqual(told, [true, false]);
});

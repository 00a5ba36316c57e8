import assert from "node:assert/strict";
import { test } from "node:test";

import { Buffering, SEEK_MS, STALL_MS, LOW_BUFFER_MS } from "../../../api_service/static/widget/core/buffering.js";

/** A player whose stall reason a test sets, under a clock that it moves. */
function watched() {
  const player = { stallReason: null };
  const reported = [];
  let nowMs = 0;
  const buffering = new Buffering({ stallReason: () => player.stallReason, onChange: (buffering) => reported.push(buffering), now: () => nowMs });
  const pass = (ms) => {
    nowMs += ms;
    buffering.check();
  };
  return { player, reported, buffering, pass };
}

test("a short stall is not reported, a longer one is, once, and its end at once", () => {
  const { player, reported, pass } = watched();
  player.stallReason = "stalled";
  pass(0);
  pass(STALL_MS - 1);
  player.stallReason = null;
  pass(1);
  player.stallReason = "stalled";
  pass(1);
  pass(STALL_MS - 1);
  assert.deepEqual(reported, []);
  pass(1);
  pass(1_000);
  assert.deepEqual(reported, [true]);
  player.stallReason = null;
  pass(1);
  pass(1);
  assert.deepEqual(reported, [true, false]);
});

test("a seek is reported later than a stall", () => {
  const { player, reported, pass } = watched();
  player.stallReason = "seeking";
  pass(0);
  pass(SEEK_MS - 1);
  assert.deepEqual(reported, []);
  pass(1);
  assert.deepEqual(reported, [true]);
});

test("the widget's own corrections hold nobody, and do not end a reported stall", () => {
  const { player, reported, pass } = watched();
  player.stallReason = "expected";
  pass(0);
  pass(60_000);
  assert.deepEqual(reported, []);
  player.stallReason = "stalled";
  pass(1);
  assert.deepEqual(reported, [true]);
  player.stallReason = "expected";
  pass(1);
  assert.deepEqual(reported, [true]);
});

test("a stall is reported anew on a new connection", (t) => {
  const { player, reported, buffering, pass } = watched();
  t.after(() => buffering.stop());
  player.stallReason = "stalled";
  pass(0);
  pass(STALL_MS);
  buffering.start();
  pass(0);
  pass(STALL_MS);
  assert.deepEqual(reported, [true, true]);
});

test("who can play only the next frames is given a moment to get more, and is then taken at their word", () => {
  const { player, reported, pass } = watched();
  player.stallReason = "low_buffer";
  pass(60_000);
  assert.deepEqual(reported, [], "that alone holds nobody");
  player.stallReason = "stalled";
  pass(1);
  pass(STALL_MS);
  player.stallReason = "low_buffer";
  pass(1);
  pass(LOW_BUFFER_MS - 1);
  assert.deepEqual(reported, [true]);
  pass(1);
  assert.deepEqual(reported, [true, false]);
});

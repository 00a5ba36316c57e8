import assert from "node:assert/strict";
import { test } from "node:test";

import { FIRST_LEAD_MS, FIRST_SEEK_MS, LONGEST_SEEK_MS, StartTiming } from "../../../api_service/static/widget/core/start.js";

test("each start moves the lead by half of its error, until starts are on time", () => {
  const timing = new StartTiming();
  const latency = 110;
  const called = (kind) => timing.started(kind, timing.leadMs(kind) - latency); // too late by the difference: behind
  for (let n = 0; n < 8; n += 1) called("seek");
  assert.ok(Math.abs(timing.leadMs("seek") - latency) < 1);
  assert.equal(timing.leadMs("pause"), FIRST_LEAD_MS.pause, "going on from a pause is learnt apart");
});

test("a stall at the start teaches nothing about latency", () => {
  const timing = new StartTiming();
  timing.started("seek", -2_000);
  assert.equal(timing.leadMs("seek"), FIRST_LEAD_MS.seek);
});

test("the lead is never negative: play() cannot be called after the fact", () => {
  const timing = new StartTiming();
  for (let n = 0; n < 5; n += 1) timing.started("seek", 300);
  assert.equal(timing.leadMs("seek"), 0);
});

test("late seeks aim further ahead, up to a bound, and quick ones come back", () => {
  const timing = new StartTiming();
  for (let n = 0; n < 10; n += 1) timing.seekWasLate();
  assert.equal(timing.seekMs, LONGEST_SEEK_MS);
  for (let n = 0; n < 10; n += 1) timing.seekTook(20);
  assert.ok(timing.seekMs < FIRST_SEEK_MS + 10);
});

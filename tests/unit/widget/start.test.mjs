import assert from "node:assert/strict";
import { test } from "node:test";

import { FIRST_LEAD_MS, FIRST_SEEK_MS, LONGEST_SEEK_MS, StartTiming } from "../../../api_service/static/widget/start.js";

test("each start moves the lead by half of its error, until starts are on time", () => {
  const timing = new StartTiming();
  const latency = 110;
  for (let n = 0; n < 8; n += 1) timing.started(timing.leadMs - latency); // called too late by the difference: behind
  assert.ok(Math.abs(timing.leadMs - latency) < 1);
});

test("a stall at the start teaches nothing about latency", () => {
  const timing = new StartTiming();
  timing.started(-2_000);
  assert.equal(timing.leadMs, FIRST_LEAD_MS);
});

test("the lead is never negative: play() cannot be called after the fact", () => {
  const timing = new StartTiming();
  for (let n = 0; n < 5; n += 1) timing.started(300);
  assert.equal(timing.leadMs, 0);
});

test("late seeks aim further ahead, up to a bound, and quick ones come back", () => {
  const timing = new StartTiming();
  for (let n = 0; n < 10; n += 1) timing.late();
  assert.equal(timing.seekMs, LONGEST_SEEK_MS);
  for (let n = 0; n < 10; n += 1) timing.sought(20);
  assert.ok(timing.seekMs < FIRST_SEEK_MS + 10);
});

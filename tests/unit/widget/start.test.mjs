import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { FIRST_LATENCY_MS, FIRST_SEEK_MS, LONGEST_LATENCY_MS, LONGEST_SEEK_MS, SHORTEST_LATENCY_MS, StartTiming } from "../../../api_service/static/widget/core/start.js";
import { forget } from "../../../api_service/static/widget/core/storage.js";

/** Set the page's storage, or one that refuses, and return what it keeps. */
function storage({ refuses = false } = {}) {
  const kept = new Map();
  const refuse = () => {
    throw new Error("SecurityError");
  };
  const value = refuses
    ? { getItem: refuse, setItem: refuse }
    : { getItem: (key) => kept.get(key) ?? null, setItem: (key, text) => kept.set(key, text), removeItem: (key) => kept.delete(key) };
  Object.defineProperty(globalThis, "localStorage", { value, configurable: true });
  return kept;
}

afterEach(() => {
  forget("movie-together."); // with the page
  delete globalThis.localStorage;
});

test("each kind of start learns its own latency, at once from the first and by half from each further one", () => {
  const timing = new StartTiming();
  timing.started("seek", 110);
  assert.equal(timing.leadMs("seek"), 110);
  timing.started("seek", 130);
  assert.equal(timing.leadMs("seek"), 120);
  assert.deepEqual([timing.leadMs("load"), timing.leadMs("pause")], [FIRST_LATENCY_MS.load, FIRST_LATENCY_MS.pause]);
});

test("the first start on a page is expected to take longer than one after a seek, and that longer than one after a pause", () => {
  const timing = new StartTiming();
  assert.ok(timing.leadMs("load") > timing.leadMs("seek") && timing.leadMs("seek") > timing.leadMs("pause"));
});

test("a stall at the start teaches nothing about latency", () => {
  const timing = new StartTiming();
  timing.started("seek", 2_000);
  timing.started("seek", -2_000);
  assert.equal(timing.leadMs("seek"), FIRST_LATENCY_MS.seek);
});

test("a film that goes on from ahead of where it stood is started later", () => {
  const timing = new StartTiming();
  timing.started("pause", -30);
  assert.equal(timing.leadMs("pause"), -30);
  timing.started("pause", SHORTEST_LATENCY_MS - 1);
  assert.equal(timing.leadMs("pause"), -30, "a fault");
});

test("what was learnt is there on the next page", () => {
  storage();
  new StartTiming().started("load", 215);
  assert.equal(new StartTiming().leadMs("load"), 215);
});

test("a storage that refuses, is empty or holds nonsense does no harm", () => {
  storage({ refuses: true });
  const timing = new StartTiming();
  timing.started("load", 215);
  assert.equal(timing.leadMs("load"), 215);
  for (const text of ["{", "7", "null", JSON.stringify({ load: "x", seek: -500, pause: LONGEST_LATENCY_MS + 1 })]) {
    const kept = storage();
    kept.set("movie-together.start-latency", text);
    assert.deepEqual([...["load", "seek", "pause"]].map((kind) => new StartTiming().leadMs(kind)), Object.values(FIRST_LATENCY_MS), text);
  }
});

test("a start aims as far ahead as seeks take here", () => {
  const timing = new StartTiming();
  assert.ok(timing.aimMs("seek") > FIRST_SEEK_MS.seek + timing.leadMs("seek"));
  for (let n = 0; n < 3; n += 1) timing.seekTook(400);
  assert.ok(timing.aimMs("seek") > 400 + timing.leadMs("seek"));
  for (let n = 0; n < 3; n += 1) timing.seekTook(20);
  assert.ok(timing.aimMs("seek") < 100 + timing.leadMs("seek"));
  timing.seekTook(60_000);
  timing.seekTook(60_000);
  assert.equal(timing.aimMs("seek"), LONGEST_SEEK_MS);
});

test("the first seek on a page is expected to take longer, is learnt apart and kept for the next page", () => {
  storage();
  const timing = new StartTiming();
  assert.ok(timing.aimMs("load") > timing.aimMs("seek") + 100);
  const before = timing.aimMs("seek");
  for (let n = 0; n < 3; n += 1) timing.seekTook(80, "load");
  assert.ok(timing.aimMs("load") <= 100 + timing.leadMs("load"));
  assert.equal(timing.aimMs("seek"), before);
  assert.equal(new StartTiming().aimMs("load"), timing.aimMs("load"));
  storage().set("movie-together.start-latency", JSON.stringify({ loadSeeks: [-5, "x", 1e9] }));
  assert.ok(new StartTiming().aimMs("load") > FIRST_SEEK_MS.load);
});

test("one slow seek is followed by aims that allow for it more and more, and forgotten by the next start", () => {
  const timing = new StartTiming();
  for (let n = 0; n < 3; n += 1) timing.seekTook(40);
  const usual = timing.aimMs("seek");
  timing.seekTook(900);
  const aims = [1, 2, 3, 4].map((misses) => timing.aimMs("seek", misses));
  assert.ok(aims[0] > usual && aims[0] < 300 && aims[1] > aims[0], `${aims}`);
  assert.ok(aims[2] > 900 + timing.leadMs("seek") && aims[3] === aims[2], `${aims}`);
  assert.equal(timing.aimMs("seek"), usual);
});

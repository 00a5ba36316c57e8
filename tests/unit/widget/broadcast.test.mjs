import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { originOf } from "../../../api_service/static/widget/core/broadcast.js";
import { Player } from "../../../api_service/static/widget/core/player.js";
import { Adapter } from "./adapter.mjs";
import { hold, pass } from "./time.mjs";

beforeEach(hold);

const ORIGIN_MS = 1_800_000_000_000; // when the room was opened

/** A player of a live stream whose zero is the date `zeroMs`, and of which `window` (its own s) can be played. */
function broadcast(t, { zeroMs, window = [0, 60] }) {
  const media = new Adapter({ duration: Infinity });
  const statuses = [];
  media.seekable = { length: 1, start: () => window[0], end: () => window[1] };
  if (zeroMs !== undefined) media.getStartDate = () => new Date(zeroMs);
  const player = new Player(media, {
    now: () => performance.now(), lastActMs: () => -Infinity, browser: {},
    on: { command: () => {}, status: (name) => statuses.push(name), ready: () => {} },
  });
  t.after(() => player.detach());
  return { media, player, statuses, window };
}

const at = (status, positionMs) => ({ status, position_ms: positionMs, rate: 1, at_ms: performance.now() });

test("a broadcast counts from when its room was opened, which the room's id tells; a film has no such date", () => {
  const id = "019a4f3c-1d80-7c11-9a52-3f6f2f3d1c55";
  assert.equal(originOf({ id, film: { duration_ms: null } }), 0x019a4f3c1d80);
  assert.equal(originOf({ id, film: { duration_ms: 600_000 } }), null);
});

test("players whose own zeros differ show the same date", async (t) => {
  const one = broadcast(t, { zeroMs: ORIGIN_MS - 10_000 });
  const other = broadcast(t, { zeroMs: ORIGIN_MS - 4_000 });
  for (const { player } of [one, other]) player.follow(at("playing", 30_000), undefined, ORIGIN_MS);
  await pass(3_000);
  const dates = [one, other].map(({ media }) => media.getStartDate().getTime() + media.filmTime * 1000);
  assert.ok(Math.abs(dates[0] - dates[1]) < 10, `${dates[0] - dates[1]} ms apart`);
  assert.ok(Math.abs(dates[0] - (ORIGIN_MS + 33_000)) < 10);
  assert.ok(Math.abs(one.media.filmTime - other.media.filmTime - 6) < 0.01, "at different places of their own");
});

test("a moment that the stream does not have is told, and played once the room is elsewhere", async (t) => {
  const { player, media, statuses } = broadcast(t, { zeroMs: ORIGIN_MS, window: [40, 100] });
  player.follow(at("playing", 10_000), undefined, ORIGIN_MS);
  await pass(100);
  assert.equal(statuses.at(-1), "outside");
  assert.equal(media.plays, 0);
  assert.equal(player.broadcast.edgeMs, 90_000);
  player.follow(at("playing", player.broadcast.edgeMs), undefined, ORIGIN_MS);
  await pass(1_500);
  assert.equal(statuses.at(-1), "running");
});

test("a moment that the stream does not have yet is played once it has", async (t) => {
  const { player, statuses, window } = broadcast(t, { zeroMs: ORIGIN_MS });
  player.follow(at("playing", 75_000), undefined, ORIGIN_MS);
  await pass(100);
  assert.equal(statuses.at(-1), "outside");
  window[1] = 90;
  await pass(2_500);
  assert.equal(statuses.at(-1), "running");
});

test("how far the room is behind the live edge is known while it stands", async (t) => {
  const { player, window } = broadcast(t, { zeroMs: ORIGIN_MS });
  player.follow(at("paused", 50_000), undefined, ORIGIN_MS);
  assert.deepEqual(player.broadcast, { dated: true, edgeMs: 50_000, behindMs: 0 });
  window[1] = 75;
  await pass(15_000);
  assert.equal(player.broadcast.behindMs, 15_000);
});

test("a stream without dates plays at its own live edge, and is never taken for one in step", async (t) => {
  const { player, media } = broadcast(t, {});
  player.follow(at("playing", 3_000), undefined, ORIGIN_MS);
  await pass(2_000);
  assert.ok(Math.abs(media.filmTime - 52) < 0.05, `${media.filmTime} s`);
  assert.equal(player.broadcast.dated, false);
});

test("a film with a length is no broadcast, dates or not", async (t) => {
  const { player, media } = broadcast(t, { zeroMs: ORIGIN_MS });
  player.follow(at("playing", 5_000), 600_000, null);
  await pass(1_000);
  assert.ok(Math.abs(media.filmTime - 6) < 0.01);
  assert.equal(player.broadcast, null);
});

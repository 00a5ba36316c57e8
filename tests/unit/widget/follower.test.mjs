import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { positionAt } from "../../../api_service/static/widget/core/timeline.js";
import { begin, bound, errorMs, holding, now, paused, playing } from "./bound-player.mjs";
import { pass } from "./time.mjs";

beforeEach(begin);

test("a film that starts in 150 ms moves at that instant", async (t) => {
  const { media, player, seen } = bound();
  t.after(() => player.detach());
  const playback = playing(0, now() + 150);
  player.follow(playback, 600_000);
  await pass(120);
  assert.equal(media.filmTime, 0);
  await pass(130);
  assert.ok(Math.abs(errorMs(media, playback)) < 30, `${errorMs(media, playback)} ms after 100 ms`);
  await pass(1_000);
  assert.ok(Math.abs(errorMs(media, playback)) < 10, `${errorMs(media, playback)} ms after 1 s`);
  assert.deepEqual(seen.commands, [], "its own moves are nobody's command");
  assert.equal(seen.statuses.at(-1), "running");
});

test("a joiner seeks while paused and runs with the others within half a second", async (t) => {
  const { media, player, seen } = bound();
  t.after(() => player.detach());
  const playback = playing(100_000, now() - 20_000);
  player.follow(playback, 600_000);
  await pass(500);
  assert.ok(Math.abs(errorMs(media, playback)) < 40, `${errorMs(media, playback)}`);
  await pass(1_000);
  assert.ok(Math.abs(errorMs(media, playback)) < 10, `${errorMs(media, playback)}`);
  assert.equal(media.seeks.length, 1);
  assert.deepEqual(seen.commands, []);
});

test("seeks slower than the time there was are aimed further ahead until one fits", async (t) => {
  const { media, player } = bound({ seeksInMs: 700 });
  t.after(() => player.detach());
  const playback = playing(100_000, now() - 20_000);
  player.follow(playback, 600_000);
  await pass(5_000);
  assert.ok(media.seeks.length >= 2 && media.seeks.length <= 4, `${media.seeks.length} seeks`);
  assert.ok(Math.abs(errorMs(media, playback)) < 10, `${errorMs(media, playback)}`);
});

test("starts learn the player's latency", async (t) => {
  const { media, player } = bound({ startsAfterMs: 250 });
  t.after(() => player.detach());
  const errors = [];
  for (let n = 0; n < 4; n += 1) {
    player.follow(paused(5_000), 600_000);
    await pass(60);
    const playback = playing(5_000, now() + 300);
    player.follow(playback, 600_000);
    await pass(300 + 170);
    errors.push(Math.abs(errorMs(media, playback)));
    await pass(700);
  }
  assert.ok(errors[0] > 40 && errors.at(-1) < 20, `${errors}`);
});

test("a joiner whose seek takes longer than expected starts at once and catches up, without a second seek", async (t) => {
  const { media, player } = bound({ seeksInMs: 200 });
  t.after(() => player.detach());
  const playback = playing(100_000, now() - 20_000);
  player.follow(playback, 600_000);
  await pass(800);
  assert.equal(media.seeks.length, 1);
  assert.ok(Math.abs(errorMs(media, playback)) < 40, `${errorMs(media, playback)}`);
  await pass(700);
  assert.ok(Math.abs(errorMs(media, playback)) < 10, `${errorMs(media, playback)}`);
});

test("a joiner whose first seek is slow, as its film has to be fetched, does not wait as long again", async (t) => {
  const { media, player } = bound({ seeksInMs: 2_000 });
  t.after(() => player.detach());
  const playback = playing(100_000, now() - 20_000);
  player.follow(playback, 600_000);
  await pass(1_000);
  media.seeksInMs = 60; // what follows is fetched already
  await pass(1_000 + 700);
  assert.equal(media.paused, false);
  assert.ok(Math.abs(errorMs(media, playback)) < 40, `${errorMs(media, playback)}`);
});

test("a start that comes late teaches the latency too", async (t) => {
  const { media, player } = bound({ startsAfterMs: 300 });
  t.after(() => player.detach());
  const first = playing(0, now() + 20); // no time for any lead
  player.follow(first, 600_000);
  await pass(2_000);
  player.follow(paused(2_000), 600_000);
  await pass(100);
  const learnt = playing(2_000, now() + 600);
  player.follow(learnt, 600_000); // after a seek, of which nothing is known yet
  await pass(2_600);
  player.follow(paused(9_000), 600_000);
  await pass(100);
  const next = playing(9_000, now() + 600);
  player.follow(next, 600_000);
  await pass(600 + 60);
  assert.ok(Math.abs(errorMs(media, next)) < 10, `${errorMs(media, next)}`);
});

test("two players whose seeks and starts take unlike long move together when the room gives them the time", async (t) => {
  const quick = bound({ seeksInMs: 20 });
  const slow = bound({ seeksInMs: 160 });
  t.after(() => [quick, slow].forEach(({ player }) => player.detach()));
  for (const { player } of [quick, slow]) player.follow(playing(0, now() + 300), 600_000);
  await pass(3_000);
  for (const place of [60_000, 90_000]) {
    const sought = playing(place, now() + 400);
    for (const { player } of [quick, slow]) player.follow(sought, 600_000);
    await pass(400 + 60);
    for (let n = 0; n < 20; n += 1) {
      await pass(50);
      const apart = Math.abs(errorMs(quick.media, sought) - errorMs(slow.media, sought));
      assert.ok(apart < 25, `${apart} ms apart`);
    }
  }
});

test("another rate of the room keeps the pitch, and corrections leave it kept; at the normal rate they do without it", async (t) => {
  const { media, player } = bound({ startsAfterMs: 220 });
  t.after(() => player.detach());
  const pitches = [];
  player.follow({ ...playing(0, now() + 200, 1.25) }, 600_000);
  for (let n = 0; n < 100; n += 1) {
    await pass(30);
    pitches.push(media.preservesPitch);
  }
  assert.ok(media.rates.some((rate) => rate !== 1 && rate !== 1.25), `it was corrected: ${media.rates}`);
  assert.ok(pitches.every(Boolean));
  const at = now() + 200;
  player.follow(playing(media.filmTime * 1000 + 280, at, 1), 600_000);
  for (let n = 0; n < 100; n += 1) {
    await pass(30);
    if (media.playbackRate !== 1) pitches.push(media.preservesPitch);
  }
  assert.equal(pitches.at(-1), false);
});

test("a coarse currentTime is kept in step by the presented frames, with few rate changes", async (t) => {
  const { media, player } = bound({ coarseMs: 1000 / 24 });
  t.after(() => player.detach());
  const playback = playing(0, now() + 300);
  player.follow(playback, 600_000);
  await pass(6_000);
  const changes = media.rates.length;
  for (let n = 0; n < 30; n += 1) {
    await pass(1_000);
    assert.ok(Math.abs(errorMs(media, playback)) < 15, `${errorMs(media, playback)}`);
  }
  assert.ok(media.rates.length - changes <= 2, `${media.rates.length - changes} changes in half a minute`);
});

test("a pause rests everyone on the same frame", async (t) => {
  const { media, player, seen } = bound();
  t.after(() => player.detach());
  player.follow(playing(0, now()), 600_000);
  await pass(400);
  player.follow(paused(270), 600_000);
  await pass(80);
  assert.equal(media.paused, true);
  assert.equal(media.currentTime, 0.27);
  assert.deepEqual(seen.commands, []);
  assert.equal(seen.statuses.at(-1), "resting");
});

test("a change of rate goes on without a stop", async (t) => {
  const { media, player } = bound();
  t.after(() => player.detach());
  const first = playing(0, now());
  player.follow(first, 600_000);
  await pass(600);
  const at = now() + 150;
  const second = playing(positionAt(first, at), at, 1.5);
  player.follow(second, 600_000);
  await pass(900);
  assert.equal(media.plays, 1);
  assert.ok(Math.abs(errorMs(media, second)) < 25, `${errorMs(media, second)}`);
  assert.ok(media.playbackRate > 1.4);
});

test("a stall is a status of its own, and its readings are forgotten", async (t) => {
  const { media, player, seen } = bound();
  t.after(() => player.detach());
  player.follow(playing(0, now()), 600_000);
  await pass(500);
  media.dispatchEvent(new Event("waiting"));
  assert.equal(seen.statuses.at(-1), "stalled");
  media.dispatchEvent(new Event("playing"));
  assert.equal(seen.statuses.at(-1), "running");
});

test("a player that stalled for half a second catches up within a few seconds, without a seek", async (t) => {
  const { media, player } = bound();
  t.after(() => player.detach());
  const playback = playing(0, now() + 300);
  player.follow(playback, 600_000);
  await pass(8_000);
  media.stall(500);
  await pass(500);
  assert.ok(errorMs(media, playback) < -450);
  await pass(4_000);
  assert.ok(Math.abs(errorMs(media, playback)) < 5, `${errorMs(media, playback)}`);
  assert.deepEqual(media.seeks, []);
});

test("while the room waits the player stands at its place, and goes on with the others", async (t) => {
  const { media, player, seen } = bound();
  t.after(() => player.detach());
  player.follow(playing(0, now()), 600_000);
  await pass(400);
  player.follow(holding(300), 600_000);
  await pass(80);
  assert.deepEqual([media.paused, media.currentTime], [true, 0.3]);
  const ended = playing(300, now() + 200);
  player.follow(ended, 600_000);
  await pass(600);
  assert.equal(media.paused, false);
  assert.ok(Math.abs(errorMs(media, ended)) < 60, `${errorMs(media, ended)}`);
  assert.deepEqual(seen.commands, []);
});

test("it stalls when the room plays and the film cannot; never while paused, before the start or at the end", (t) => {
  const { media, player } = bound();
  t.after(() => player.detach());
  assert.equal(player.stallReason, null, "no room yet");
  player.follow(paused(0), 600_000);
  player.follow(playing(0, now() - 10), 600_000);
  media.seeking = false;
  media.readyState = 2;
  assert.equal(player.stallReason, "stalled");
  player.follow(holding(500), 600_000);
  media.seeking = false;
  media.readyState = 2;
  assert.equal(player.stallReason, "stalled", "it is waited for until it can play");
  media.readyState = 3;
  assert.equal(player.stallReason, "low_buffer");
  media.readyState = 4;
  assert.equal(player.stallReason, null);
  media.readyState = 2;
  player.follow(paused(0), 600_000);
  assert.equal(player.stallReason, null);
  player.follow(playing(0, now() + 5_000), 600_000);
  assert.equal(player.stallReason, "expected", "nothing was missed yet, and nothing got better");
  player.follow(playing(0, now() - 60_000), 30_000);
  assert.equal(player.stallReason, null);
});

test("the room's seek is distinguished from the widget's own corrections", (t) => {
  const { media, player } = bound({ seeksInMs: 5_000 });
  t.after(() => player.detach());
  player.follow(playing(100_000, now() - 1_000), 600_000);
  assert.equal(media.seeking, true);
  assert.equal(player.stallReason, "expected", "whoever has just come catches up");
  player.follow(playing(200_000, now() - 1_000), 600_000);
  assert.equal(player.stallReason, "seeking");
  player.resync();
  assert.equal(player.stallReason, "expected");
});

test("it is ready where the room is, not before", async (t) => {
  const { media, player } = bound({ seeksInMs: 60 });
  t.after(() => player.detach());
  assert.equal(player.ready, false, "it could play, but the room's place is not known");
  player.follow(paused(40_000), 600_000);
  assert.equal(player.ready, false);
  await pass(120);
  assert.equal(player.ready, true);
  media.readyState = 2;
  assert.equal(player.ready, false);
});

test("the end of the film rests at the end", async (t) => {
  const { media, player, seen } = bound({ duration: 30 });
  t.after(() => player.detach());
  player.follow(playing(0, now() - 60_000), 30_000);
  await pass(80);
  assert.equal(media.currentTime, 30);
  assert.equal(media.paused, true);
  assert.equal(seen.statuses.at(-1), "resting");
});

test("a player without its film yet follows once it has it", async (t) => {
  const { media, player } = bound();
  t.after(() => player.detach());
  media.readyState = 0;
  player.follow(paused(12_000), 600_000);
  assert.deepEqual(media.seeks, []);
  media.readyState = 4;
  media.dispatchEvent(new Event("loadedmetadata"));
  assert.deepEqual(media.seeks, [12]);
});

test("a later timeline supersedes a start under way", async (t) => {
  const { media, player } = bound({ seeksInMs: 100 });
  t.after(() => player.detach());
  player.follow(playing(100_000, now() - 5_000), 600_000);
  await pass(20);
  player.follow(paused(30_000), 600_000);
  await pass(500);
  assert.equal(media.plays, 0);
  assert.equal(media.currentTime, 30);
});

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { RELOADS_AT_MOST } from "../../../api_service/static/widget/core/media-control.js";
import { act, begin, bound, errorMs, now, paused, playing } from "./bound-player.mjs";
import { pass } from "./time.mjs";

beforeEach(begin);

test("the viewer's own pause, play and seek go to the room, and nothing starts before the room says so", async (t) => {
  const { media, player, seen } = bound();
  t.after(() => player.detach());
  const playback = playing(0, now());
  player.follow(playback, 600_000);
  await pass(500);
  await act(seen);
  media.pause();
  await pass(20);
  assert.deepEqual(seen.commands, [["pause", undefined]]);
  player.follow(paused(200), 600_000);
  await pass(60);
  await act(seen);
  media.play();
  await pass(20);
  assert.deepEqual(seen.commands.at(-1), ["play", undefined]);
  assert.equal(media.paused, true, "it waits for the room's start");
  await act(seen);
  media.currentTime = 50;
  media.currentTime = 70;
  await pass(300);
  assert.deepEqual(seen.commands.at(-1), ["seek", 70_000]);
  assert.equal(seen.commands.length, 3, "a drag is one command");
});

test("a player that was released stays as it is, whatever is answered or told later", async () => {
  const { media, player, seen } = bound();
  player.follow(playing(0, now()), 600_000);
  await pass(1_000);
  player.command("pause");
  player.detach();
  player.commandAnswered(); // the room refuses what it had not answered
  player.follow(playing(100_000, now()), 600_000);
  await pass(2_000);
  assert.equal(media.paused, true);
  assert.ok(media.filmTime < 2, `${media.filmTime} s`);
  assert.deepEqual(seen.commands, [["pause", undefined]]);
});

test("a rate set on the player goes to the room and is taken back until the room agrees", async (t) => {
  const { media, player, seen } = bound();
  t.after(() => player.detach());
  player.follow(paused(0), 600_000);
  await act(seen);
  media.playbackRate = 1.5;
  await pass(20);
  assert.deepEqual(seen.commands, [["set_rate", 1.5]]);
  assert.equal(media.playbackRate, 1);
});

test("nudges are nobody's commands and end at the room's rate", async (t) => {
  const { media, player, seen } = bound();
  t.after(() => player.detach());
  const playback = playing(0, now());
  player.follow(playback, 600_000);
  await pass(5_500); // past the first seconds, in which it may catch up faster
  player.follow({ ...playback, position_ms: 60 }, 600_000); // 60 ms behind: less than a restart is worth
  await pass(2_500);
  assert.ok(media.rates.some((rate) => rate > 1 && rate <= 1.05), `${media.rates}`);
  assert.equal(media.playbackRate, 1);
  assert.deepEqual(seen.commands, []);
  assert.ok(Math.abs(errorMs(media, playback) - 60) < 8);
});

test("a refused start goes on without sound and says so; the press brings the sound", async (t) => {
  const { media, player, seen } = bound({ allowed: "silence" });
  t.after(() => player.detach());
  const playback = playing(0, now());
  player.follow(playback, 600_000);
  await pass(400);
  assert.equal(seen.statuses.at(-1), "muted");
  assert.equal(media.muted, true);
  media.allowed = "sound";
  player.allow();
  assert.equal(media.muted, false);
  assert.equal(seen.statuses.at(-1), "running");
});

test("where even silence is refused, one press starts it in step", async (t) => {
  const { media, player, seen } = bound({ allowed: "nothing" });
  t.after(() => player.detach());
  const playback = playing(0, now());
  player.follow(playback, 600_000);
  await pass(400);
  assert.equal(seen.statuses.at(-1), "blocked");
  assert.equal(media.muted, false);
  media.allowed = "sound";
  player.allow();
  await pass(700);
  assert.equal(seen.statuses.at(-1), "running");
  assert.ok(Math.abs(errorMs(media, playback)) < 40, `${errorMs(media, playback)}`);
});

test("a film that breaks off is loaded again, and has failed after some tries", async (t) => {
  const { media, player, seen } = bound();
  t.after(() => player.detach());
  let loads = 0;
  media.load = () => {
    loads += 1;
  };
  const fail = (detail) => media.dispatchEvent(new CustomEvent("error", { detail, cancelable: true }));
  player.follow(paused(0), 600_000);
  assert.equal(fail(), false, "whoever told the error knows that it is answered");
  fail();
  assert.equal(seen.statuses.at(-1), "loading");
  await pass(520);
  assert.equal(loads, 1, "two errors of one failure are one");
  media.dispatchEvent(new Event("canplay"));
  await pass(10_050); // it works: the counting starts anew
  let waitMs = 500;
  for (let tries = 0; tries < RELOADS_AT_MOST; tries += 1) {
    fail();
    await pass(waitMs + 20);
    media.dispatchEvent(new Event("canplay"));
    waitMs *= 2;
  }
  assert.equal(loads, 1 + RELOADS_AT_MOST, "a source that fails as soon as it can play is given up too");
  fail();
  assert.equal(seen.statuses.at(-1), "failed");
  player.reload();
  assert.equal(loads, 2 + RELOADS_AT_MOST, "at once");
  fail();
  assert.equal(seen.statuses.at(-1), "loading", "the viewer's press counts from the start");
  fail({ final: true });
  assert.equal(seen.statuses.at(-1), "unplayable");
});

test("whoever has set the source may load it anew in its own way", async (t) => {
  const { media, player } = bound();
  t.after(() => player.detach());
  media.load = () => assert.fail("the source was taken care of");
  let asked = 0;
  media.addEventListener("mt-reload", (event) => {
    asked += 1;
    event.preventDefault();
  });
  player.follow(paused(0), 600_000);
  media.dispatchEvent(new Event("error"));
  await pass(520);
  assert.equal(asked, 1);
});

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Aside, REWATCH_MOST_MS } from "../../../api_service/static/widget/core/aside.js";
import { FASTEST } from "../../../api_service/static/widget/core/catch-up.js";
import { Player } from "../../../api_service/static/widget/core/player.js";
import { forget } from "../../../api_service/static/widget/core/storage.js";
import { positionAt } from "../../../api_service/static/widget/core/timeline.js";
import { Adapter } from "./adapter.mjs";
import { hold, pass } from "./time.mjs";

beforeEach(hold);
beforeEach(() => forget("movie-together.")); // each test begins on a page that has learned nothing

const FILM_MS = 600_000;
const now = () => performance.now() + 1_000_000; // the server's clock is elsewhere
const playing = (position_ms, at_ms, rate = 1) => ({ status: "playing", position_ms, rate, at_ms });
const paused = (position_ms) => ({ status: "paused", position_ms, rate: 1, at_ms: now() });

/** A viewer's player in step with a room that plays from `positionMs` on. */
async function watching(t, { positionMs = 200_000, ...options } = {}) {
  const media = new Adapter(options);
  const seen = { commands: [], told: [], changes: 0, actMs: -Infinity };
  const player = new Player(media, {
    now, browser: {}, lastActMs: () => seen.actMs,
    on: {
      status: () => {}, ready: () => {},
      command: (type, value) => aside.command(type, value) || seen.commands.push([type, value]),
    },
  });
  const aside = new Aside({
    player, now, on: { tell: (type, { reason }) => seen.told.push(reason ? `${type} ${reason}` : type), changed: () => (seen.changes += 1) },
  });
  t.after(() => [aside.stop(), player.detach()]);
  const room = playing(positionMs, now());
  aside.follow(room, FILM_MS, null);
  await pass(2_000);
  assert.ok(Math.abs(offMs(media, room)) < 40, "in step at first");
  return { media, player, aside, seen, room };
}

const offMs = (media, room) => media.filmTime * 1000 - positionAt(room, now(), FILM_MS);

test("a place heard again is left faster, and the player is level again within 40 ms, without a jump", async (t) => {
  const { media, aside, seen, room } = await watching(t);
  aside.rewatch(10_000);
  await pass(1_000);
  assert.equal(aside.reason, "rewatch");
  assert.ok(offMs(media, room) < -9_000, `${offMs(media, room)}`);
  assert.equal(media.playbackRate, 1);
  const seeks = media.seeks.length;
  await pass(11_000);
  assert.equal(aside.catchingUp, true);
  assert.ok(Math.abs(media.playbackRate / FASTEST - 1) < 0.06, `${media.playbackRate}`);
  await pass(23_000);
  assert.equal(aside.reason, null);
  assert.ok(Math.abs(offMs(media, room)) < 40, `${offMs(media, room)}`);
  assert.equal(media.seeks.length, seeks, "it got level without a jump");
  assert.deepEqual(seen.told, ["aside rewatch", "back"]);
  assert.deepEqual(seen.commands, [], "nobody else was moved");
});

test("a press brings the player back at once", async (t) => {
  const { media, aside, seen, room } = await watching(t);
  aside.rewatch(30_000);
  await pass(3_000);
  aside.back();
  await pass(1_500);
  assert.ok(Math.abs(offMs(media, room)) < 40, `${offMs(media, room)}`);
  assert.deepEqual(seen.told, ["aside rewatch", "back"]);
});

test("a moment that a message names is gone to alone, and on from there", async (t) => {
  const { media, aside, seen } = await watching(t);
  aside.goTo(450_000);
  await pass(2_000);
  assert.equal(aside.reason, "alone");
  assert.ok(Math.abs(media.filmTime * 1000 - 452_000) < 500, `${media.filmTime}`);
  aside.away();
  aside.goTo(100_000);
  assert.equal(aside.reason, "alone");
  aside.rewatch(20_000);
  aside.goTo(195_000);
  assert.equal(aside.reason, "rewatch", "still within reach");
  aside.interstitial();
  aside.goTo(300_000);
  assert.equal(aside.reason, "ad");
  assert.deepEqual(seen.commands, [], "nobody else was moved");
});

test("two minutes back are the most, also in several steps", async (t) => {
  const { media, aside, room } = await watching(t);
  for (const ms of [60_000, 60_000, 60_000]) {
    aside.rewatch(ms);
    await pass(1_000);
  }
  assert.ok(offMs(media, room) >= -REWATCH_MOST_MS - 1_500, `${offMs(media, room)}`);
  assert.ok(offMs(media, room) < -60_000);
});

test("a room that goes elsewhere meanwhile is found where it is", async (t) => {
  const { media, aside } = await watching(t);
  aside.rewatch(10_000);
  await pass(12_000);
  assert.equal(aside.catchingUp, true);
  const stands = paused(215_000);
  aside.follow(stands, FILM_MS, null);
  await pass(12_000);
  assert.equal(aside.reason, null);
  assert.equal(media.paused, true);
  assert.ok(Math.abs(media.filmTime * 1000 - 215_000) < 40, `${media.filmTime}`);

  aside.rewatch(20_000);
  await pass(25_000);
  const away = playing(20_000, now()); // behind the viewer: there is nothing to catch up with
  aside.follow(away, FILM_MS, null);
  await pass(2_000);
  assert.equal(aside.reason, null);
  assert.ok(Math.abs(offMs(media, away)) < 40, `${offMs(media, away)}`);
});

test("whoever is away stands still, whatever the room does, and comes back by pressing play", async (t) => {
  const { media, player, aside, seen } = await watching(t);
  aside.away();
  await pass(100);
  const stoodS = media.filmTime;
  const later = playing(400_000, now());
  aside.follow(later, FILM_MS, null);
  await pass(2_000);
  assert.equal(media.paused, true);
  assert.equal(media.filmTime, stoodS);
  player.command("play");
  await pass(1_500);
  assert.ok(Math.abs(offMs(media, later)) < 40, `${offMs(media, later)}`);
  assert.deepEqual(seen.told, ["aside away", "back"]);
  assert.deepEqual(seen.commands, []);
});

test("whoever watches alone has the player to themselves", async (t) => {
  const { media, player, aside, seen, room } = await watching(t);
  aside.alone();
  player.command("seek", 500_000);
  await pass(1_500);
  assert.ok(media.filmTime > 500 && media.filmTime < 502, `${media.filmTime}`);
  player.command("pause");
  await pass(500);
  assert.equal(media.paused, true);
  player.command("play");
  await pass(1_000);
  assert.equal(media.paused, false);
  assert.deepEqual(seen.commands, [], "none of it is told to the room");
  aside.back();
  await pass(1_500);
  assert.ok(Math.abs(offMs(media, room)) < 40, `${offMs(media, room)}`);
});

test("an advertisement has the player to itself, and afterwards the viewer gets level", async (t) => {
  const { media, aside, seen, room } = await watching(t);
  aside.interstitial();
  media.pause();
  const stoodS = media.filmTime;
  media.currentTime = 3; // the advertisement
  await media.play();
  seen.actMs = performance.now(); // and the viewer presses something in it
  await pass(15_000);
  assert.ok(media.filmTime > 15, "nobody has moved it meanwhile");
  assert.deepEqual(seen.commands, []);
  media.pause();
  media.currentTime = stoodS;
  await pass(100);
  aside.back({ faster: true });
  await pass(1_000);
  assert.deepEqual(seen.told, ["aside ad", "aside rewatch"]);
  assert.ok(offMs(media, room) < -10_000, `${offMs(media, room)}`);
  await pass(34_000);
  assert.ok(Math.abs(offMs(media, room)) < 40, `${offMs(media, room)}`);
  assert.deepEqual(seen.told, ["aside ad", "aside rewatch", "back"]);
});

test("after an advertisement for which the room has waited all go on together", async (t) => {
  const { media, aside } = await watching(t);
  aside.interstitial();
  const stoodMs = media.filmTime * 1000;
  aside.follow({ status: "holding", position_ms: stoodMs, rate: 1, at_ms: now() }, FILM_MS, null);
  await pass(5_000);
  media.pause();
  media.currentTime = stoodMs / 1000;
  await pass(100);
  aside.back({ faster: true });
  await pass(100);
  const goes = playing(stoodMs, now() + 150);
  aside.follow(goes, FILM_MS, null);
  await pass(2_000);
  assert.equal(aside.reason, null);
  assert.ok(Math.abs(offMs(media, goes)) < 40, `${offMs(media, goes)}`);
});

test("another device of the viewer's takes this player along when they step out and come back", async (t) => {
  const { media, aside, seen, room } = await watching(t);
  aside.heard({ reason: "away" });
  await pass(500);
  assert.equal(media.paused, true);
  aside.heard(null);
  await pass(1_500);
  assert.equal(aside.reason, null);
  assert.ok(Math.abs(offMs(media, room)) < 40, `${offMs(media, room)}`);
  assert.deepEqual(seen.told, []);
});

test("a room that has forgotten it is told again; one who was away before the page was loaded stays so", async (t) => {
  const { aside, seen, media } = await watching(t);
  aside.alone();
  aside.settle({ reason: "alone" });
  assert.deepEqual(seen.told, ["aside alone"]);
  aside.settle(null);
  assert.deepEqual(seen.told, ["aside alone", "aside alone"]);
  aside.back();
  await pass(1_000);
  aside.settle({ reason: "away" });
  await pass(500);
  assert.equal(aside.reason, "away");
  assert.equal(media.paused, true);
  assert.equal(seen.told.at(-1), "back", "the room knows it");
});

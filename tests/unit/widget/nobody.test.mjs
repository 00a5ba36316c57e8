/** What a library, the page or the system does to a player moves nobody else, and the player comes back to the room. */
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Player } from "../../../api_service/static/widget/core/player.js";
import { positionAt } from "../../../api_service/static/widget/core/timeline.js";
import { Adapter } from "./adapter.mjs";
import { seeded } from "./seeded.mjs";
import { hold, pass } from "./time.mjs";

beforeEach(hold);

const FILM_MS = 600_000;
const now = () => performance.now() + 1_000_000;
const playing = (position_ms) => ({ status: "playing", position_ms, rate: 1, at_ms: now() });
const paused = (position_ms) => ({ status: "paused", position_ms, rate: 1, at_ms: now() });
const errorMs = (media, playback) => media.currentTime * 1000 - positionAt(playback, now());

function bound(t, options) {
  const media = new Adapter(options);
  const seen = { commands: [], statuses: [], actMs: -Infinity, hidden: false };
  const player = new Player(media, {
    now,
    browser: {},
    hidden: () => seen.hidden,
    lastActMs: () => seen.actMs,
    on: { command: (...command) => seen.commands.push(command), status: (name) => seen.statuses.push(name), ready: () => {} },
  });
  t.after(() => player.detach());
  return { media, player, seen };
}

/** What libraries, pages and the system do to players. */
const MOVES = [
  (media) => { media.currentTime += 0.1; }, // hls.js over a stall
  (media, random) => { media.currentTime = random() * 500; }, // «continue watching», EXT-X-START
  (media) => media.play(), // autoplay
  (media) => media.pause(), // a phone call
  (media, random) => { media.playbackRate = 0.9 + random() * 0.4; }, // catching up with a live edge
  (media) => media.dispatchEvent(new Event("waiting")),
  (media) => media.dispatchEvent(new Event("canplay")),
  (media) => media.dispatchEvent(new Event("loadedmetadata")),
  (_media, _random, seen) => { seen.hidden = !seen.hidden; },
];

test("no sequence of media events without a person behind it changes the room", async (t) => {
  for (let seed = 1; seed <= 40; seed += 1) {
    const random = seeded(seed);
    const { media, player, seen } = bound(t);
    seen.actMs = performance.now(); // the press that opened the page
    for (let step = 0; step < 25; step += 1) {
      if (random() < 0.15) player.follow(random() < 0.5 ? playing(random() * 300_000) : paused(random() * 300_000), FILM_MS);
      else MOVES[Math.floor(random() * MOVES.length)](media, random, seen);
      await pass(Math.floor(random() * 30));
      if (random() < 0.2) await pass(250);
    }
    await pass(400);
    assert.deepEqual(seen.commands, [], `seed ${seed}`);
    player.detach();
  }
});

test("the same moves are commands when a person is behind them", async (t) => {
  const { media, player, seen } = bound(t);
  player.follow(playing(10_000), FILM_MS);
  await pass(1_000);
  seen.actMs = performance.now();
  media.currentTime = 300;
  await pass(300);
  assert.deepEqual(seen.commands, [["seek", 300_000]]);
});

test("a library that starts the player while the room is paused is stopped again, and leaves its place", async (t) => {
  const { media, player, seen } = bound(t);
  player.follow(paused(20_000), FILM_MS);
  await pass(100);
  await media.play();
  await pass(100);
  assert.deepEqual([media.paused, media.currentTime], [true, 20]);
  media.currentTime = 90;
  await pass(1_000);
  assert.equal(media.currentTime, 20);
  assert.deepEqual(seen.commands, []);
});

test("against whoever insists, returns become rare", async (t) => {
  const { media, player } = bound(t);
  player.follow(paused(20_000), FILM_MS);
  await pass(100);
  const before = media.seeks.length;
  const insist = () => { if (media.currentTime === 20 && !media.seeking) media.currentTime = 0; };
  media.addEventListener("seeked", insist);
  insist();
  await pass(9_000);
  const counter = media.seeks.slice(before).filter((seconds) => seconds === 20).length;
  assert.ok(counter >= 2 && counter <= 6, `${counter} counter-seeks`);
});

test("a pause by the system puts this viewer aside until they press, whatever the room does", async (t) => {
  const { media, player, seen } = bound(t);
  const playback = playing(10_000);
  player.follow(playback, FILM_MS);
  await pass(1_000);
  media.pause();
  await pass(20);
  assert.equal(seen.statuses.at(-1), "blocked");
  assert.equal(player.stallReason, null, "the room does not wait for them");
  const sought = playing(200_000);
  player.follow(sought, FILM_MS);
  await pass(1_000);
  assert.equal(media.paused, true);
  player.allow();
  await pass(2_000);
  assert.ok(Math.abs(errorMs(media, sought)) < 40, `${errorMs(media, sought)}`);
  assert.deepEqual(seen.commands, []);
});

test("a system that goes on by itself, after a call, brings the viewer back in step", async (t) => {
  const { media, player, seen } = bound(t);
  const playback = playing(10_000);
  player.follow(playback, FILM_MS);
  await pass(1_000);
  media.pause();
  await pass(3_000);
  await media.play();
  await pass(2_000);
  assert.equal(seen.statuses.at(-1), "running");
  assert.ok(Math.abs(errorMs(media, playback)) < 40, `${errorMs(media, playback)}`);
  assert.deepEqual(seen.commands, []);
});

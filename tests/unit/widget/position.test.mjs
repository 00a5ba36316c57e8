import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Position } from "../../../api_service/static/widget/core/position.js";
import { Adapter } from "./adapter.mjs";
import { hold, pass } from "./time.mjs";

beforeEach(hold);

/** Read a playing player every 20 ms for a second, and return how far each reading was off. */
async function errors(media, position, ms = 1_000) {
  const found = [];
  for (let n = 0; n < ms / 20; n += 1) {
    await pass(20);
    found.push(position.readMs(performance.now()) - media.filmTime * 1000);
  }
  return found;
}

async function playing(options) {
  const media = new Adapter({ startsAfterMs: 0, ...options });
  await media.play();
  await pass(200);
  return { media, position: new Position(media) };
}

test("a fine currentTime is taken as it is", async () => {
  const { media, position } = await playing();
  assert.ok(Math.max(...(await errors(media, position)).map(Math.abs)) < 0.001);
});

test("where currentTime steps from frame to frame, the presented frames tell where the film is", async (t) => {
  const { media, position } = await playing({ coarseMs: 1000 / 24 });
  t.after(() => position.stop());
  await errors(media, position);
  const found = await errors(media, position);
  assert.ok(Math.max(...found.map(Math.abs)) < 12, `${Math.max(...found.map(Math.abs))}`);
  assert.ok(Math.max(...found) - Math.min(...found) < 10, "and steadily");
});

test("at another rate, where currentTime swings, its average tells where the film is", async () => {
  const media = new Adapter({ startsAfterMs: 0 });
  media.playbackRate = 1.25;
  await media.play();
  await pass(200);
  const swing = () => 0.005 - (performance.now() % 160) / 16_000; // from 5 ms ahead to 5 ms behind, as measured in Chromium
  const swinging = Object.create(media, {
    currentTime: { get: () => media.filmTime + swing() },
    playbackRate: { value: 1.25 },
    filmTime: { get: () => media.filmTime },
  });
  const position = new Position(swinging);
  await errors(swinging, position);
  const found = await errors(swinging, position);
  assert.ok(Math.max(...found) - Math.min(...found) < 2, `${Math.max(...found) - Math.min(...found)}, not the swing's 10`);
});

test("without frames, as on a hidden page or in an older browser, the moments of the steps do", async (t) => {
  const { media, position } = await playing({ coarseMs: 1000 / 24 });
  t.after(() => position.stop());
  delete media.requestVideoFrameCallback;
  await errors(media, position);
  const found = await errors(media, position);
  assert.ok(Math.max(...found.map(Math.abs)) < 24, `${Math.max(...found.map(Math.abs))}`);
  assert.ok(Math.max(...found) - Math.min(...found) < 15, "and steadily");
});

test("a busy machine, on which a third of the readings repeat, does not make currentTime coarse; nor is that for ever", async (t) => {
  const media = new Adapter({ startsAfterMs: 0 });
  await media.play();
  await pass(200);
  let stands = (reading) => reading % 10 < 3;
  let told = 0;
  const player = Object.create(media, {
    currentTime: { get: () => (stands(Math.floor(performance.now() / 20)) ? told : (told = media.filmTime)) },
    playbackRate: { value: 1 },
    requestVideoFrameCallback: { value: () => 0 },
    cancelVideoFrameCallback: { value() {} },
  });
  const position = new Position(player);
  t.after(() => position.stop());
  const own = async () => {
    let same = true;
    for (let n = 0; n < 50; n += 1) {
      await pass(20);
      const read = position.readMs(performance.now());
      if (n > 25) same &&= read === told * 1000;
    }
    return same;
  };
  assert.equal(await own(), true);
  stands = (reading) => reading % 2 === 0;
  assert.equal(await own(), false);
  stands = () => false;
  assert.equal(await own(), true);
});

test("a player that stands still for a moment is not taken for a coarse one", async () => {
  const { media, position } = await playing();
  media.pause();
  await errors(media, position, 300);
  await media.play();
  await pass(200);
  assert.ok(Math.max(...(await errors(media, position)).map(Math.abs)) < 0.001);
});

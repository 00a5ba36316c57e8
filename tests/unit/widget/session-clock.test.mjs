import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { BURST, EVERY_MOST_MS, SILENT_AFTER_MS } from "../../../api_service/static/widget/core/pings.js";
import { Line, PLAYBACK, event } from "./line.mjs";
import { begin, live, names, seen } from "./open-session.mjs";
import { pass } from "./time.mjs";

beforeEach(begin);

test("the first pings come in a burst, the next one two seconds later", async () => {
  const made = await live();
  const pings = () => Line.opened[0].sent.filter(({ type }) => type === "ping").length;
  const answer = () => Line.opened[0].say({ type: "pong", t0: performance.now(), t1: 5_000, t2: 5_000 });
  for (let n = 0; n < 7; n += 1) mock.timers.tick(60);
  assert.equal(pings(), 8);
  answer();
  mock.timers.tick(1_500);
  mock.timers.tick(499);
  assert.equal(pings(), 8);
  mock.timers.tick(1);
  assert.equal(pings(), 9);
  made.stop();
});

test("on a noisy line pings come sooner until the clock is known well", async () => {
  const made = await live();
  const [line] = Line.opened;
  const pings = () => line.sent.filter(({ type }) => type === "ping").length;
  let after = 0;
  for (let n = 0; n < 8; n += 1) {
    const delayMs = n % 2 ? 5 : 90;
    line.say({ type: "pong", t0: performance.now() - 2 * delayMs, t1: 5_000 + performance.now() - delayMs, t2: 5_000 + performance.now() - delayMs });
    mock.timers.tick(60);
  }
  assert.equal(pings(), 8);
  mock.timers.tick(300);
  assert.equal(pings(), 9);
  for (; after < 90; after += 1) line.say({ type: "pong", t0: performance.now() - 10, t1: 4_995 + performance.now(), t2: 4_995 + performance.now() });
  mock.timers.tick(300);
  const settled = pings();
  mock.timers.tick(1_699);
  assert.equal(pings(), settled);
  mock.timers.tick(100);
  assert.equal(pings(), settled + 1);
  made.stop();
});

/** A line on which every ping is answered at once, until `line.dead`. */
async function answered() {
  const made = await live();
  const [line] = Line.opened;
  const send = line.send.bind(line);
  line.send = (text) => {
    send(text);
    const { type, t0 } = JSON.parse(text);
    if (type === "ping" && !line.dead) line.say({ type: "pong", t0, t1: t0 + 5_000, t2: t0 + 5_000 });
  };
  await pass(500);
  return [made, line, () => line.sent.filter(({ type }) => type === "ping").length];
}

test("pings grow rarer as the clock settles, and come in a burst again after a doubt", async () => {
  const [made, line, pings] = await answered();
  await pass(60_000);
  const settled = pings();
  await pass(2 * EVERY_MOST_MS);
  assert.equal(pings() - settled, 2);
  line.say(event(11, "rebased", { shift_ms: 0, playback: PLAYBACK }));
  await pass(1_000);
  assert.equal(pings() - settled, 2 + BURST);
  made.stop();
});

test("a line that falls silent is given up within 20 s, also when pings are rarest", async () => {
  const [made, line] = await answered();
  await pass(90_000);
  line.dead = true;
  await pass(EVERY_MOST_MS - 1_000); // whenever it was
  assert.equal(names().at(-1), "live");
  await pass(20_000 - EVERY_MOST_MS + 1_000);
  assert.ok(names().includes("waiting"));
  assert.ok(EVERY_MOST_MS + SILENT_AFTER_MS <= 20_000);
  made.stop();
});

test("a line on which something else comes is not given up", async () => {
  const [made, line] = await answered();
  line.dead = true;
  for (let n = 0; n < 20; n += 1) {
    await pass(2_000);
    line.say({ type: "typing", by: "u2" });
  }
  assert.equal(names().at(-1), "live");
  made.stop();
});

const pong = (line, offsetMs) => {
  const now = performance.now();
  line.say({ type: "pong", t0: now, t1: now + offsetMs, t2: now + offsetMs });
};

test("when the server's clock is set, ours is set with it, and measured anew with a burst", async () => {
  const made = await live();
  const [line] = Line.opened;
  for (let n = 0; n < 8; n += 1) {
    mock.timers.tick(60);
    pong(line, 5_000);
  }
  const pings = line.sent.length;
  line.say(event(11, "rebased", { shift_ms: 3_600_000, playback: { ...PLAYBACK, at_ms: 3_600_000 } }));
  assert.ok(Math.abs(made.clock.offsetMs - 3_605_000) < 5, `${made.clock.offsetMs}`);
  for (let n = 0; n < 7; n += 1) mock.timers.tick(60);
  assert.equal(line.sent.length - pings, 8);
  pong(line, 3_605_000);
  assert.ok(Math.abs(made.clock.offsetMs - 3_605_000) < 5, "pings on the new clock find nothing to correct");
  made.stop();
});

test("a pong on the new clock that comes before `rebased` moves nothing until it is announced, nor twice", async () => {
  const made = await live();
  const [line] = Line.opened;
  pong(line, 5_000);
  const playbacks = seen.playbacks.length;
  pong(line, 3_605_000);
  assert.ok(Math.abs(made.clock.offsetMs - 5_000) < 5, "pending");
  assert.equal(seen.playbacks.length, playbacks, "the film is left alone");
  line.say(event(11, "rebased", { shift_ms: 3_600_000, playback: { ...PLAYBACK, at_ms: 3_600_000 } }));
  assert.ok(Math.abs(made.clock.offsetMs - 3_605_000) < 5, `${made.clock.offsetMs}`);
  mock.timers.tick(5_000);
  assert.equal(seen.playbacks.length, playbacks + 1);
  made.stop();
});

test("a jump that nobody announces was this machine's: after a moment the pings are believed", async () => {
  const made = await live();
  pong(Line.opened[0], 5_000);
  const playbacks = seen.playbacks.length;
  pong(Line.opened[0], 35_000);
  assert.equal(seen.playbacks.length, playbacks);
  mock.timers.tick(1_500);
  assert.ok(Math.abs(made.clock.offsetMs - 35_000) < 5);
  assert.equal(seen.playbacks.length, playbacks + 1);
  made.stop();
});

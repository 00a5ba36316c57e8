import assert from "node:assert/strict";
import { test } from "node:test";

import { Clock, WINDOW } from "../../../api_service/static/widget/core/clock.js";
import { seeded } from "./seeded.mjs";

/** A ping over a line: the server's clock is `offset` ahead; each way has its own delay. */
function ping(t0, offset, outbound, inbound, served = 0.2) {
  const t1 = t0 + outbound + offset;
  return { t0, t1, t2: t1 + served, t3: t0 + outbound + served + inbound };
}

test("one ping over an even line gives the offset exactly", () => {
  const clock = new Clock();
  clock.add(ping(1000, 5_000_000, 20, 20));
  assert.equal(clock.offsetMs, 5_000_000);
  assert.equal(Math.round(clock.rttMs), 40);
  assert.equal(clock.serverAt(2000), 5_002_000);
});

test("quiet moments of the two directions are found even when they never fall into one ping", () => {
  const clock = new Clock();
  clock.add(ping(0, 300, 10, 90));
  clock.add(ping(100, 300, 90, 10));
  assert.ok(Math.abs(clock.offsetMs - 300) < 0.001);

  const onePingAlone = new Clock();
  onePingAlone.add(ping(0, 300, 10, 90));
  assert.equal(onePingAlone.offsetMs, 260, "the quickest single ping is 40 ms off: why the minima are taken apart");
});

test("over a line delayed by 100 ± 50 ms each way the offset is good to a few milliseconds", () => {
  const random = seeded(7);
  const errors = [];
  for (let run = 0; run < 40; run += 1) {
    const clock = new Clock();
    for (let n = 0; n < WINDOW; n += 1) clock.add(ping(n * 2000, 777, 50 + random() * 100, 50 + random() * 100));
    errors.push(Math.abs(clock.offsetMs - 777));
  }
  errors.sort((a, b) => a - b);
  assert.ok(errors[37] < 5, `p95 is ${errors[37]} ms`);
});

/** Run a clock with pings every two seconds over a line that delays each way by `base` to `base + jitter` ms; return the errors after 30 s. */
function errorsOver({ seconds, base, jitter, ppm, seed }) {
  const random = seeded(seed);
  const clock = new Clock();
  const errors = [];
  const offset = (ms) => 777 + ppm * 1e-6 * ms;
  for (let t0 = 0; t0 < seconds * 1_000; t0 += 2_000) {
    const t1 = t0 + base + random() * jitter;
    const t3 = t1 + base + random() * jitter;
    clock.add({ t0, t1: t1 + offset(t1), t2: t1 + offset(t1), t3 });
    if (t0 >= 30_000) errors.push(Math.abs(clock.serverAt(t3 + 1_000) - t3 - 1_000 - offset(t3 + 1_000)));
  }
  return errors.sort((a, b) => a - b);
}

test("on a quiet line a crystal's steady drift is followed without lagging behind", () => {
  for (const ppm of [-80, 20, 80]) {
    const errors = errorsOver({ seconds: 600, base: 15, jitter: 0.3, ppm, seed: 1 });
    assert.ok(errors.at(-1) < 0.5, `${ppm} ppm: ${errors.at(-1)} ms`);
  }
});

test("on a noisy line the estimate stays within a few milliseconds, with or without drift", () => {
  for (const ppm of [0, 50]) {
    const errors = [1, 2, 3, 4, 5].flatMap((seed) => errorsOver({ seconds: 480, base: 50, jitter: 100, ppm, seed })).sort((a, b) => a - b);
    assert.ok(errors[errors.length >> 1] < 1.6, `${ppm} ppm: median ${errors[errors.length >> 1]} ms`);
    assert.ok(errors[Math.floor(errors.length * 0.95)] < 5, `${ppm} ppm: p95 ${errors[Math.floor(errors.length * 0.95)]} ms`);
  }
});

test("how uncertain the estimate is falls as pings come in, and is next to nothing on a quiet line", () => {
  const random = seeded(4);
  const noisy = new Clock();
  const quiet = new Clock();
  const found = [];
  for (let n = 0; n < 60; n += 1) {
    noisy.add(ping(n * 300, 777, 50 + random() * 100, 50 + random() * 100));
    quiet.add(ping(n * 300, 777, 10 + random() * 0.3, 10 + random() * 0.3));
    found.push(noisy.uncertainMs);
  }
  assert.ok(found[7] > 3 && found[59] < 2, `${found[7]} ${found[59]}`);
  assert.ok(quiet.uncertainMs < 0.05);
});

test("old pings leave the window, so a slowly drifting clock is followed", () => {
  const clock = new Clock();
  for (let n = 0; n < 200; n += 1) clock.add(ping(n * 2000, 500 + n * 0.05, 15, 15));
  assert.ok(Math.abs(clock.offsetMs - 510) < 2, `${clock.offsetMs}`);
});

test("a clock that jumped is noticed at the first ping and only what came after counts", () => {
  const clock = new Clock();
  for (let n = 0; n < 10; n += 1) assert.equal(clock.add(ping(n * 2000, 500, 20, 20)), false);
  assert.equal(clock.add(ping(30_000, 4_500, 25, 20)), true, "a laptop slept for four seconds");
  assert.equal(Math.round(clock.offsetMs), 500, "pending: it may be the server's clock that was set");
  clock.acceptJump();
  assert.ok(Math.abs(clock.offsetMs - 4_500) < 10);
  assert.equal(clock.add(ping(32_000, -9_000, 20, 20)), true, "and backwards");
  clock.acceptJump();
  assert.ok(Math.abs(clock.offsetMs + 9_000) < 10);
  assert.equal(clock.add(ping(34_000, -8_900, 20, 20)), true);
  assert.ok(Math.abs(clock.offsetMs + 8_900) < 10, "a small jump is believed at once");
});

test("a server's clock that was set moves ours once, whether the pings saw it before or after", () => {
  for (const shift of [3_600_000, -3_600_000, 400]) {
    const announced = new Clock();
    announced.add(ping(0, 500, 20, 20));
    announced.shift(shift);
    assert.equal(announced.offsetMs, 500 + shift);
    assert.equal(announced.add(ping(2_000, 500 + shift, 20, 20)), false);
    const measured = new Clock();
    measured.add(ping(0, 500, 20, 20));
    measured.add(ping(2_000, 500 + shift, 20, 20));
    assert.deepEqual([measured.jumpPending, measured.offsetMs], [true, 500]);
    measured.shift(shift);
    assert.deepEqual([measured.jumpPending, Math.round(measured.offsetMs)], [false, 500 + shift]);
  }
});

test("slow pings are no jump", () => {
  const clock = new Clock();
  clock.add(ping(0, 500, 20, 20));
  assert.equal(clock.add(ping(2000, 500, 900, 20)), false);
  assert.equal(clock.add(ping(4000, 500, 20, 3000)), false);
  assert.equal(clock.offsetMs, 500);
});

test("before the first pong the server's time from welcome serves, and never replaces a measurement", () => {
  const clock = new Clock();
  assert.equal(clock.offsetMs, null);
  clock.estimate(10_000, 400);
  assert.equal(clock.serverAt(500), 10_100);
  clock.add(ping(600, 9_580, 20, 20));
  clock.estimate(99_999, 700);
  assert.ok(Math.abs(clock.offsetMs - 9_580) < 0.001);
});

import assert from "node:assert/strict";
import { test } from "node:test";

import { Drift, PARAMETERS, rateChangesStall } from "../../../api_service/static/widget/core/drift.js";
import { seeded } from "./seeded.mjs";

/** A change of rate takes effect so much later, at its beginning and at its end (measured in Chromium). */
const EFFECT_MS = 80;

/**
 * Run the controller against a player that starts `errorMs` off, in steps of a millisecond. Return the error at each of them (`at(ms)`), the
 * rate changes {now, factor} and the times of the seeks. `leapMs` is how far off the readings are just after the start, `noise(now, random)`
 * by how much each one is; `obeys(now)` says whether the player does what it is told.
 */
function simulate({ errorMs, seconds = 10, rate = 1, noise = (_, random) => (random() - 0.5) * 0.6, drift = new Drift(), obeys = () => true, crystal = 0, leapMs = 0, coarse = false }) {
  const random = seeded(3);
  const changes = [];
  const seeks = [];
  const errors = [];
  let error = errorMs;
  let nextMs = 0;
  let pulseEndsMs = null;
  drift.start(0);
  const factorAt = (ms) => changes.findLast(({ now }) => now <= ms)?.factor ?? 1;
  for (let now = 0; now < seconds * 1000; now += 1) {
    if (obeys(now)) error += (factorAt(now - EFFECT_MS) - 1) * rate;
    error += crystal;
    errors.push(error);
    if (pulseEndsMs !== null && now >= pulseEndsMs) {
      changes.push({ now, factor: 1 });
      drift.pulseEnded(now);
      pulseEndsMs = null;
    }
    if (now < nextMs) continue;
    nextMs = now + drift.sampleEveryMs;
    const leap = now < 150 ? leapMs * (1 - now / 150) : 0;
    const action = drift.sample(error + leap + noise(now, random), now, { rate, coarse });
    if (action?.factor) {
      changes.push({ now, factor: action.factor });
      pulseEndsMs = now + action.forMs;
    }
    if (action?.seek) {
      seeks.push(now);
      if (obeys(now)) error = 2;
    }
  }
  return { errors, changes, seeks, at: (ms) => errors[ms] };
}

/** The largest error from `ms` on. */
const worstFrom = ({ errors }, ms) => Math.max(...errors.slice(ms).map(Math.abs));

test("a position that only presented frames tell is left alone while it jumps by what a screen cannot show", () => {
  // Of 24 frames a second on a screen of 60 refreshes: the place is known in steps of 8.3 ms, and lies at the border of two.
  const steps = (now, random) => (random() < 0.5 ? 6.5 : -1.8);
  const settled = (coarse) => simulate({ errorMs: 0, seconds: 60, noise: (now, random) => (Math.floor(now / 3_000) % 2 ? 6.5 : -1.8) + (random() - 0.5), coarse });
  assert.equal(settled(true).changes.length, 0);
  assert.ok(settled(false).changes.length > 4, "which a fine position's band takes for errors");
  const late = simulate({ errorMs: -60, noise: steps, coarse: true });
  assert.ok(Math.abs(late.at(9_000)) < 12, "and a real error is removed");
});

test("a player in step is left alone", () => {
  const drift = new Drift();
  simulate({ errorMs: 0.4, seconds: 2, drift });
  const random = seeded(5);
  for (let n = 0; n < 200; n += 1) assert.equal(drift.sample(2.3 + random(), 3_000 + n * drift.sampleEveryMs), null);
});

test("an error of 20 ms is gone within a second and a half, without overshooting the band", () => {
  const found = simulate({ errorMs: 20 });
  assert.ok(Math.abs(found.at(1_500)) < 1, `${found.at(1_500)}`);
  assert.ok(Math.min(...found.errors) > -1, `overshoot ${Math.min(...found.errors)}`);
});

test("wherever it starts, a player ends within a millisecond of the room instead of anywhere in a band", () => {
  for (const errorMs of [-200, -60, -20, -4.9, -2, 2, 4.9, 20, 60, 200]) {
    const found = simulate({ errorMs, seconds: 30 });
    assert.ok(worstFrom(found, 5_000) < 1, `${errorMs}: ${worstFrom(found, 5_000)}`);
  }
});

test("in step the rate rests: no change at all in two minutes", () => {
  const { changes } = simulate({ errorMs: 30, seconds: 125 });
  assert.equal(changes.at(-1).factor, 1);
  assert.ok(changes.at(-1).now < 3_000, `${changes.at(-1).now}`);
  assert.ok(changes.length <= 4, `${changes.length} changes`);
});

test("far off in the first seconds it catches up at up to a fifth, later at a twentieth", () => {
  const late = simulate({ errorMs: -100 });
  assert.ok(late.changes[0].factor > 1.05 && late.changes[0].factor <= 1.2, `${late.changes[0].factor}`);
  assert.ok(worstFrom(late, 800) < 40 && worstFrom(late, 1_500) < 10, `${worstFrom(late, 800)} ${worstFrom(late, 1_500)}`);
  const drift = new Drift();
  drift.start(-PARAMETERS.catchUpForMs);
  const factors = [];
  for (let now = 0; now < 500; now += 20) factors.push(drift.sample(100, now)?.factor);
  assert.equal(factors.find(Boolean), 0.95);
});

test("a player behind is sped up and one ahead slowed down", () => {
  const behind = simulate({ errorMs: -400 });
  const ahead = simulate({ errorMs: 400 });
  assert.equal(behind.changes[0].factor, 1.2);
  assert.equal(ahead.changes[0].factor, 0.8);
  assert.ok(Math.abs(behind.at(9_900)) < 1 && Math.abs(ahead.at(9_900)) < 1);
});

test("the readings just after a start, which are off by up to 100 ms, change nothing", () => {
  const { changes } = simulate({ errorMs: 0.2, leapMs: 110, seconds: 5 });
  assert.deepEqual(changes, []);
});

test("readings made while a change of rate takes effect do not count", () => {
  const drift = new Drift();
  drift.start(0);
  let action = null;
  let now = PARAMETERS.settleMs;
  for (; action === null; now += 20) action = drift.sample(20, now);
  assert.equal(drift.sample(900, now + 20), null, "the pulse");
  drift.pulseEnded(now + 500);
  for (let n = 0; n < 9; n += 1) assert.equal(drift.sample(900, now + 500 + n * 20), null, "just after it");
});

test("a crystal that is 100 parts per million off costs few rate changes", () => {
  const found = simulate({ errorMs: 0, seconds: 120, crystal: 1e-4 });
  assert.ok(worstFrom(found, 0) < 4, `${worstFrom(found, 0)}`);
  assert.ok(found.changes.length < 12, `${found.changes.length} changes in two minutes`);
});

test("the error counts in film time at any rate of the room", () => {
  for (const rate of [0.5, 1.25, 2]) {
    const found = simulate({ errorMs: 40, rate });
    assert.ok(Math.abs(found.at(2_000)) < 1, `${rate}: ${found.at(2_000)}`);
  }
});

test("at other rates than 1 the readings swing by 10 ms; that changes nothing in step, and correcting ends", () => {
  const sawtooth = (now) => ((now * 0.37) % 10) - 5;
  const found = simulate({ errorMs: 25, rate: 1.25, noise: sawtooth, seconds: 60 });
  assert.ok(found.changes.length <= 8, `${found.changes.length} changes`);
  assert.ok(found.changes.at(-1).now < 6_000, `${found.changes.at(-1).now}`);
  assert.ok(worstFrom(found, 6_000) < 3, `${worstFrom(found, 6_000)}`);
});

test("one reading far off among good ones changes nothing", () => {
  const drift = new Drift();
  drift.start(-1_000);
  for (const error of [0.1, 0.2, 900, 0.1, 0.2]) assert.equal(drift.sample(error, 0), null);
});

test("nothing is decided on fewer than five readings", () => {
  const drift = new Drift();
  drift.start(-1_000);
  for (let n = 0; n < 4; n += 1) assert.equal(drift.sample(500, n), null);
  assert.equal(drift.errorMs, null);
});

test("more than a second off asks for a seek", () => {
  const { seeks, at } = simulate({ errorMs: 1_500 });
  assert.equal(seeks.length, 1);
  assert.ok(Math.abs(at(2_000)) < 1);
});

test("after two seeks that did not help it backs off, longer each time, instead of seeking for ever", () => {
  const { seeks } = simulate({ errorMs: 5_000, seconds: 60, obeys: () => false });
  assert.ok(seeks.length >= 2 && seeks.length <= 8, `${seeks.length} seeks in a minute`);
  const pauses = seeks.slice(1).map((now, n) => now - seeks[n]);
  assert.ok(pauses[0] < 1_000, "the second try comes at once");
  assert.ok(pauses.at(-1) > 10_000, `the last ones come late: ${pauses}`);
});

test("a player that ignores its rate is not nudged for ever", () => {
  const { changes } = simulate({ errorMs: 100, seconds: 60, obeys: () => false });
  const nudged = changes.filter(({ factor }) => factor !== 1);
  assert.ok(nudged.length >= 2 && nudged.length <= 7, `${nudged.length} nudges`);
});

test("a player whose rate changes stall is only ever sought, and sooner", () => {
  const near = simulate({ errorMs: 200, drift: new Drift({ nudgesRate: false }) });
  assert.deepEqual([near.changes, near.seeks], [[], []]);
  const far = simulate({ errorMs: 400, drift: new Drift({ nudgesRate: false }) });
  assert.equal(far.seeks.length, 1);
  assert.deepEqual(far.changes, []);
});

test("Safari and everything on iOS is known to stall; Chrome, Edge and Firefox are not", () => {
  const safari = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15";
  const iphoneChrome = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/123.0 Mobile/15E148 Safari/604.1";
  const chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/123.0.0.0 Safari/537.36";
  const android = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/123.0.0.0 Mobile Safari/537.36";
  const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:124.0) Gecko/20100101 Firefox/124.0";
  assert.equal(rateChangesStall({ userAgent: safari }), true);
  assert.equal(rateChangesStall({ userAgent: iphoneChrome }), true);
  assert.equal(rateChangesStall({ userAgent: safari.replace("Safari", "X"), platform: "MacIntel", maxTouchPoints: 5 }), true);
  for (const userAgent of [chrome, android, firefox]) assert.equal(rateChangesStall({ userAgent, platform: "Linux" }), false);
});

import assert from "node:assert/strict";
import { test } from "node:test";

import { Drift, PARAMETERS, rateChangesStall } from "../../../api_service/static/widget/core/drift.js";
import { seeded } from "./seeded.mjs";

const { sampleEveryMs, controlEveryMs } = PARAMETERS;

/** Runs the controller against a player that starts `errorMs` off; gives the error at each sample and the rate changes. */
function simulate({ errorMs, seconds = 10, rate = 1, noiseMs = 0.3, drift = new Drift(), obeys = () => true, crystal = 0 }) {
  const random = seeded(3);
  let error = errorMs;
  const errors = [];
  const changes = [];
  const seeks = [];
  for (let now = 0; now < seconds * 1000; now += sampleEveryMs) {
    if (obeys(now)) error += (drift.factor - 1) * rate * sampleEveryMs;
    error += crystal * sampleEveryMs;
    drift.sample(error + (random() - 0.5) * 2 * noiseMs);
    errors.push(error);
    if ((now / sampleEveryMs) % (controlEveryMs / sampleEveryMs) !== controlEveryMs / sampleEveryMs - 1) continue;
    const action = drift.control(now, rate);
    if (action?.factor !== undefined) changes.push({ now, factor: action.factor });
    if (action?.seek) {
      seeks.push(now);
      if (obeys(now)) error = 2;
    }
  }
  return { errors, changes, seeks, at: (ms) => errors[Math.floor(ms / sampleEveryMs)] };
}

test("a player within the dead band is left alone", () => {
  const { changes } = simulate({ errorMs: 4, noiseMs: 0.5 });
  assert.deepEqual(changes, []);
});

test("an error of 20 ms is gone within a second and a half, without overshooting the band", () => {
  const { at, errors } = simulate({ errorMs: 20 });
  assert.ok(Math.abs(at(1500)) < 5, `${at(1500)}`);
  assert.ok(Math.min(...errors) > -5, `overshoot ${Math.min(...errors)}`);
});

test("a player behind is sped up and one ahead slowed down, by 5 % at most", () => {
  const behind = simulate({ errorMs: -400 });
  const ahead = simulate({ errorMs: 400 });
  assert.equal(behind.changes[0].factor, 1.05);
  assert.equal(ahead.changes[0].factor, 0.95);
  assert.ok(Math.abs(behind.at(9_900)) < 10 && Math.abs(ahead.at(9_900)) < 10);
});

test("a correction ends at rate 1, and then the rate rests", () => {
  const { changes } = simulate({ errorMs: 30, seconds: 20 });
  assert.equal(changes.at(-1).factor, 1);
  assert.ok(changes.at(-1).now < 3_000);
  assert.ok(changes.length <= 8, `${changes.length} changes`);
});

test("a crystal that is 100 parts per million off costs few rate changes", () => {
  const { errors, changes } = simulate({ errorMs: 0, seconds: 120, crystal: 1e-4 });
  assert.ok(Math.max(...errors.map(Math.abs)) < 8);
  assert.ok(changes.length < 30, `${changes.length} changes in two minutes`);
});

test("the error counts in film time at any rate of the room", () => {
  const { at } = simulate({ errorMs: 40, rate: 2 });
  assert.ok(Math.abs(at(2000)) < 6, `${at(2000)}`);
});

test("one reading far off among good ones changes nothing", () => {
  const drift = new Drift();
  for (const error of [1, 2, 900, 1, 2]) drift.sample(error);
  assert.equal(drift.control(0), null);
});

test("nothing is decided on fewer than five readings", () => {
  const drift = new Drift();
  for (let n = 0; n < 4; n += 1) drift.sample(500);
  assert.equal(drift.control(0), null);
  assert.equal(drift.errorMs, null);
});

test("readings from before a rate change do not count after it", () => {
  const drift = new Drift();
  for (let n = 0; n < 5; n += 1) drift.sample(50);
  assert.ok(drift.control(0).factor < 1);
  assert.equal(drift.errorMs, null);
});

test("more than a second off asks for a seek", () => {
  const { seeks, at } = simulate({ errorMs: 1_500 });
  assert.equal(seeks.length, 1);
  assert.ok(Math.abs(at(1000)) < 5);
});

test("after two seeks that did not help it rests, longer each time, instead of seeking for ever", () => {
  const { seeks } = simulate({ errorMs: 5_000, seconds: 60, obeys: () => false });
  assert.ok(seeks.length >= 2 && seeks.length <= 8, `${seeks.length} seeks in a minute`);
  const pauses = seeks.slice(1).map((now, n) => now - seeks[n]);
  assert.ok(pauses[0] < 1_000, "the second try comes at once");
  assert.ok(pauses.at(-1) > 10_000, `the last ones come late: ${pauses}`);
});

test("a player that ignores its rate is not nudged for ever", () => {
  const { changes } = simulate({ errorMs: 100, seconds: 60, obeys: () => false });
  const nudged = changes.filter(({ factor }) => factor !== 1);
  assert.ok(nudged.length <= 6, `${nudged.length} nudges`);
});

test("a player whose rate changes stall is only ever sought, and sooner", () => {
  const drift = new Drift({ nudgesRate: false });
  const near = simulate({ errorMs: 200, drift });
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

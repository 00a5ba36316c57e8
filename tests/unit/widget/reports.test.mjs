import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { Reports } from "../../../api_service/static/widget/core/reports.js";

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setInterval", "setTimeout"] });
});

/** A connection that keeps what is reported, and a player whose state a test sets. */
function watched({ waits = true, aside } = {}) {
  const reported = [];
  const session = { live: true, report: (fields) => session.live && Boolean(reported.push(fields)) };
  const player = { ready: false, stallReason: null, skewMs: null };
  const reports = new Reports({ session, player, positionMs: () => 7_000, waits, aside });
  return { session, player, reports, reported };
}

test("that the player is ready is reported once per connection, with whether the room should wait for it", (t) => {
  const { player, session, reports, reported } = watched();
  t.after(() => reports.stop());
  reports.connected();
  assert.deepEqual(reported, []);
  player.ready = true;
  reports.playerReady();
  reports.playerReady();
  assert.deepEqual(reported, [{ ready: true, buffering: false, waits: true }]);
  session.live = false;
  reports.playerReady();
  session.live = true;
  reports.connected();
  assert.equal(reported.length, 2, "the server knows nothing on the new connection");
});

test("the length of the film that the player has is reported with it; a live stream has none", (t) => {
  for (const [durationMs, length] of [[90_000, { duration_ms: 90_000 }], [Infinity, {}], [NaN, {}], [0, {}]]) {
    const { player, reports, reported } = watched();
    t.after(() => reports.stop());
    Object.assign(player, { ready: true, durationMs });
    reports.playerReady();
    assert.deepEqual(reported, [{ ready: true, buffering: false, waits: true, ...length }]);
  }
});

test("who need not be waited for is so from the first report on, and may change it", (t) => {
  const { reports, reported } = watched({ waits: false });
  t.after(() => reports.stop());
  reports.connected();
  assert.deepEqual(reported, [{ waits: false }]);
  reports.waits = true;
  assert.deepEqual(reported.at(-1), { waits: true });
});

test("nobody is held before the player has been ready on this connection, nor without one", (t) => {
  const now = mock.method(performance, "now", () => nowMs);
  let nowMs = 0;
  t.after(() => now.mock.restore());
  const { player, session, reports, reported } = watched();
  t.after(() => reports.stop());
  const pass = (ms) => {
    for (let n = 0; n < ms; n += 100) {
      nowMs += 100;
      mock.timers.tick(100);
    }
  };
  player.stallReason = "stalled";
  reports.connected();
  pass(1_000);
  assert.deepEqual(reported, []);
  player.ready = true;
  reports.playerReady();
  pass(1_000);
  assert.deepEqual(reported.slice(1), [{ buffering: true, position_ms: 7_000 }]);
  session.live = false;
  pass(1_000);
  assert.equal(reported.length, 2);
});

test("a page that stays hidden is told of, also on the next connection, and one that is back", (t) => {
  const { reports, reported } = watched();
  t.after(() => reports.stop());
  reports.visible = false;
  mock.timers.tick(4_000);
  reports.visible = true;
  mock.timers.tick(10_000);
  assert.deepEqual(reported, [], "its viewer was back soon");
  reports.visible = false;
  mock.timers.tick(5_000);
  assert.deepEqual(reported, [{ visible: false }]);
  reports.connected();
  assert.deepEqual(reported.at(-1), { visible: false });
  reports.visible = true;
  assert.deepEqual(reported.slice(2), [{ visible: true }]);
});

test("a running player's skew goes along with the pings, and is reported by itself only when the others see a difference", (t) => {
  const { player, session, reports, reported } = watched();
  t.after(() => reports.stop());
  assert.deepEqual(session.reportWithPing(), {});
  player.skewMs = -12.345;
  mock.timers.tick(30_000);
  assert.deepEqual([session.reportWithPing(), reported], [{ skew_ms: -12.3 }, []]);
  player.skewMs = 800;
  mock.timers.tick(30_000);
  assert.deepEqual(reported, [{ skew_ms: 800, position_ms: 7_000 }]);
  player.skewMs = 0;
  assert.deepEqual(session.reportWithPing(), { skew_ms: 0 });
  mock.timers.tick(10_000);
  assert.equal(reported.length, 1, "a ping has told it");
  reports.stop();
  assert.deepEqual(session.reportWithPing(), {});
});

test("of a player that goes a way of its own nothing is reported", (t) => {
  let aside = true;
  const { player, reports, reported } = watched({ aside: () => aside });
  t.after(() => reports.stop());
  Object.assign(player, { ready: true, skewMs: 40_000, durationMs: 15_000 });
  reports.connected();
  reports.playerReady();
  mock.timers.tick(30_000);
  assert.deepEqual(reported, []);
  aside = false;
  player.durationMs = 90_000;
  reports.playerReady();
  assert.deepEqual(reported, [{ ready: true, buffering: false, waits: true, duration_ms: 90_000 }]);
});

test("of another film a player is ready once it has loaded that", (t) => {
  const { player, reports, reported } = watched();
  t.after(() => reports.stop());
  Object.assign(player, { ready: true, durationMs: 60_000, loads: 1 });
  reports.connected();
  reports.filmChanged();
  reports.playerReady();
  assert.equal(reported.length, 1, "it still has the film before");
  Object.assign(player, { loads: 2, durationMs: 90_000 });
  reports.playerReady();
  assert.deepEqual(reported[1], { ready: true, buffering: false, waits: true, duration_ms: 90_000 });
});

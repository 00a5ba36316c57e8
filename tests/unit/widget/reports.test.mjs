import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { Reports } from "../../../api_service/static/widget/core/reports.js";

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setInterval"] });
});

/** A connection that keeps what is reported, and a player whose state a test sets. */
function watched({ waits = true } = {}) {
  const told = [];
  const session = { live: true, report: (fields) => session.live && Boolean(told.push(fields)) };
  const player = { ready: false, dry: null, skewMs: null };
  const reports = new Reports({ session, player, positionMs: () => 7_000, waits });
  return { session, player, reports, told };
}

test("that the player is ready is told once per connection, with whether the room should wait for it", (t) => {
  const { player, session, reports, told } = watched();
  t.after(() => reports.stop());
  reports.live();
  assert.deepEqual(told, []);
  player.ready = true;
  reports.ready();
  reports.ready();
  assert.deepEqual(told, [{ ready: true, buffering: false, waits: true }]);
  session.live = false;
  reports.ready();
  session.live = true;
  reports.live();
  assert.equal(told.length, 2, "the server has heard nothing on the new connection");
});

test("who need not be waited for is so from the first word on, and may change it", (t) => {
  const { reports, told } = watched({ waits: false });
  t.after(() => reports.stop());
  reports.live();
  assert.deepEqual(told, [{ waits: false }]);
  reports.waits = true;
  assert.deepEqual(told.at(-1), { waits: true });
});

test("nobody is held before the player has been ready on this connection, nor without one", (t) => {
  const now = mock.method(performance, "now", () => nowMs);
  let nowMs = 0;
  t.after(() => now.mock.restore());
  const { player, session, reports, told } = watched();
  t.after(() => reports.stop());
  const pass = (ms) => {
    for (let n = 0; n < ms; n += 100) {
      nowMs += 100;
      mock.timers.tick(100);
    }
  };
  player.dry = "stall";
  reports.live();
  pass(1_000);
  assert.deepEqual(told, []);
  player.ready = true;
  reports.ready();
  pass(1_000);
  assert.deepEqual(told.slice(1), [{ buffering: true, position_ms: 7_000 }]);
  session.live = false;
  pass(1_000);
  assert.equal(told.length, 2);
});

test("how far off a running player is, is told now and then", (t) => {
  const { player, reports, told } = watched();
  t.after(() => reports.stop());
  mock.timers.tick(10_000);
  assert.deepEqual(told, []);
  player.skewMs = -12.345;
  mock.timers.tick(10_000);
  assert.deepEqual(told, [{ skew_ms: -12.3, position_ms: 7_000 }]);
});

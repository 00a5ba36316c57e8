import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { JoinError } from "../../../api_service/static/widget/core/socket.js";
import { Line, PLAYBACK, WELCOME, event } from "./line.mjs";
import { begin, live, names, seen, session, settle } from "./open-session.mjs";

beforeEach(begin);

test("it joins, says hello with the ticket, and has the room from the welcome", async () => {
  const made = await live();
  const [line] = Line.opened;
  assert.equal(line.url, "ws://sync/ws/p17");
  assert.deepEqual(line.received, [{ type: "hello", protocol: 1, ticket: "ticket-1" }]);
  assert.deepEqual(names(), ["joining", "connecting", "live"]);
  assert.equal(made.state.you.name, "Ann");
  assert.deepEqual(seen.playbacks, [PLAYBACK]);
  made.stop();
});

test("after a lost line it comes back with the resume token and its place in the log, without a new ticket", async () => {
  const made = await live();
  Line.opened[0].say(event(11, "member_joined", { member: { id: "u2", name: "Bob" } })).hangUp(1006);
  assert.equal(names().at(-1), "waiting");
  mock.timers.tick(250);
  await settle();
  const again = Line.opened[1].accept();
  assert.deepEqual(again.received, [{ type: "hello", protocol: 1, resume: "token-1", epoch: 1, seq: 11, hash: "h11" }]);
  again.say({ ...WELCOME, mode: "resumed", resume: "token-2", state: undefined, members: undefined, messages: undefined, seq: 11, hash: "h11" });
  again.say(event(12, "member_left", { member_id: "u2" }));
  assert.deepEqual(seen.events, ["member_joined", "member_left"]);
  assert.equal(seen.rooms, 1, "a resumed room is not a new one");
  assert.equal(seen.tickets, 1);
  made.stop();
});

test("a second screen says so each time it says hello", async () => {
  const made = await live({ secondScreen: true });
  assert.deepEqual(Line.opened[0].received, [{ type: "hello", protocol: 1, second_screen: true, ticket: "ticket-1" }]);
  Line.opened[0].hangUp(1006);
  mock.timers.tick(250);
  await settle();
  const [hello] = Line.opened[1].accept().received;
  assert.deepEqual([hello.second_screen, hello.resume], [true, "token-1"]);
  made.stop();
});

test("each further failure waits longer, and a welcome ends the counting", async () => {
  const made = await live();
  const waits = [];
  for (let n = 0; n < 4; n += 1) {
    Line.opened.at(-1).hangUp(1006);
    waits.push(seen.statuses.at(-1)[1].forMs);
    mock.timers.tick(waits.at(-1));
    await settle();
  }
  assert.deepEqual(waits, [250, 500, 1000, 2000]);
  Line.opened.at(-1).accept().say({ ...WELCOME, mode: "resumed" }).hangUp(1006);
  assert.equal(seen.statuses.at(-1)[1].forMs, 250);
  made.stop();
});

test("a token that has run out is replaced by a new ticket", async () => {
  const made = await live();
  Line.opened[0].hangUp(4401);
  mock.timers.tick(250);
  await settle();
  assert.deepEqual(Line.opened[1].accept().received, [{ type: "hello", protocol: 1, ticket: "ticket-2" }]);
  made.stop();
});

test("a closed room, a ban and a full room are final; every other code comes back", async () => {
  for (const [code, status, reason] of [[4410, "closed", "room_closed"], [4403, "stopped", "forbidden"], [4409, "stopped", "room_full"], [4440, "stopped", "sign_in_required"]]) {
    Line.opened = [];
    await live();
    Line.opened[0].hangUp(code);
    const [name, detail] = seen.statuses.at(-1);
    assert.deepEqual([name, detail.reason], [status, reason]);
    mock.timers.tick(60_000);
    await settle();
    assert.equal(Line.opened.length, 1, `no try after ${code}`);
  }
  for (const code of [1001, 1006, 1012, 4400, 4401, 4408, 4413, 4429, 4500, 4503, 4504]) {
    Line.opened = [];
    const made = await live();
    Line.opened[0].hangUp(code);
    mock.timers.tick(20_000);
    await settle();
    assert.equal(Line.opened.length, 2, `a try after ${code}`);
    made.stop();
  }
});

test("after too_fast it does not come back at once", async () => {
  const made = await live();
  Line.opened[0].hangUp(4429);
  assert.ok(seen.statuses.at(-1)[1].forMs >= 2_000);
  made.stop();
});

test("a gap in the log makes it resume from before the gap; the event after the gap is not applied", async () => {
  const made = await live();
  Line.opened[0].say(event(12, "paused", { playback: PLAYBACK }));
  mock.timers.tick(250);
  await settle();
  assert.deepEqual(seen.events, []);
  assert.equal(Line.opened[0].readyState, 3);
  assert.equal(Line.opened[1].accept().received[0].seq, 10);
  made.stop();
});

test("messages on an abandoned connection are ignored", async () => {
  const made = await live();
  const [old] = Line.opened;
  old.say(event(12, "paused", { playback: PLAYBACK })); // a gap: this line is dropped
  old.say(event(11, "paused", { playback: PLAYBACK }));
  assert.deepEqual(seen.events, []);
  made.stop();
});

test("drain: it comes back after the time the server gives", async () => {
  const made = await live();
  Line.opened[0].say({ type: "reconnect", after_ms: 700 });
  mock.timers.tick(699);
  await settle();
  assert.equal(Line.opened.length, 1);
  mock.timers.tick(1);
  await settle();
  assert.equal(Line.opened.length, 2);
  made.stop();
});

test("a line that never brings a welcome is given up", async () => {
  const made = session();
  await settle();
  Line.opened[0].accept();
  mock.timers.tick(10_000);
  mock.timers.tick(500);
  await settle();
  assert.equal(Line.opened.length, 2);
  made.stop();
});

test("a running client told to start over replaces what it has", async () => {
  const made = await live();
  Line.opened[0].say({ ...WELCOME, type: "snapshot", epoch: 2, seq: 3, hash: "x", members: [] });
  assert.equal(seen.rooms, 2);
  assert.deepEqual(made.state.members, []);
  Line.opened[0].say({ ...event(4, "paused", { playback: PLAYBACK }), epoch: 2 });
  assert.deepEqual(seen.events, ["paused"]);
  made.stop();
});

test("leaving tells the room", async () => {
  const made = await live();
  made.stop();
  assert.deepEqual(Line.opened[0].received.at(-1), { type: "leave" });
  mock.timers.tick(60_000);
  await settle();
  assert.equal(Line.opened.length, 1);
});

test("a ticket that cannot be had for good stops it, with the reason", async () => {
  for (const [code, status] of [["room_closed", "closed"], ["not_invited", "stopped"]]) {
    session({ join: async () => { throw new JoinError(code, { final: true }); } });
    await settle();
    assert.deepEqual([seen.statuses.at(-1)[0], seen.statuses.at(-1)[1].reason], [status, code]);
  }
  assert.equal(Line.opened.length, 0);
});

test("a ticket that cannot be had just now is asked for again, no sooner than the server says", async () => {
  let asked = 0;
  const made = session({
    join: async () => {
      asked += 1;
      if (asked === 1) throw new JoinError("unavailable", { retryAfterMs: 3_000 });
      return { ticket: "t", socket_url: "ws://sync/ws/p1" };
    },
  });
  await settle();
  mock.timers.tick(2_999);
  await settle();
  assert.equal(asked, 1);
  mock.timers.tick(1);
  await settle();
  assert.equal(asked, 2);
  made.stop();
});

test("reconnectNow ends a wait at once", async () => {
  const made = await live();
  for (let n = 0; n < 6; n += 1) {
    Line.opened.at(-1).hangUp(1006);
    mock.timers.tick(seen.statuses.at(-1)[1].forMs);
    await settle();
  }
  Line.opened.at(-1).hangUp(1006);
  const before = Line.opened.length;
  made.reconnectNow();
  mock.timers.tick(0);
  await settle();
  assert.equal(Line.opened.length, before + 1);
  made.stop();
});

test("the reason of a refused handshake is passed on: kicked, banned, or locked; without one the room is forbidden", async () => {
  for (const code of ["kicked", "banned", "room_locked", null]) {
    await live();
    const line = Line.opened.at(-1);
    if (code) line.say({ type: "error", code, message: "…", id: null });
    line.hangUp(4403);
    assert.deepEqual([seen.statuses.at(-1)[0], seen.statuses.at(-1)[1].reason], ["stopped", code ?? "forbidden"]);
  }
});

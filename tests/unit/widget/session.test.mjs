import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { JoinError, joinBy } from "../../../api_service/static/widget/core/socket.js";
import { Session } from "../../../api_service/static/widget/core/session.js";
import { Line, PLAYBACK, WELCOME, event } from "./line.mjs";
import { BURST, EVERY_MOST_MS, SILENT_AFTER_MS } from "../../../api_service/static/widget/core/pings.js";
import { hold, pass } from "./time.mjs";

const settle = async () => {
  for (let n = 0; n < 10; n += 1) await Promise.resolve();
};

let seen;
let tickets;

beforeEach(() => {
  hold(); // a pong that took no time tells the offset exactly
  Line.opened = [];
  seen = { statuses: [], rooms: 0, events: [], playbacks: [], refused: [], signals: [] };
  tickets = 0;
});

function session({ join, ...options } = {}) {
  const made = new Session({
    ...options,
    join: join ?? (async () => ({ ticket: `ticket-${(tickets += 1)}`, socket_url: "ws://sync/ws/p17" })),
    open: Line.open,
    random: () => 0.5,
    on: {
      status: (name, detail) => seen.statuses.push([name, detail]),
      room: () => (seen.rooms += 1),
      event: (one) => seen.events.push(one.type),
      playback: (playback) => seen.playbacks.push(playback),
      refused: (error) => seen.refused.push(error.code),
      signal: (signal) => seen.signals.push(signal.type),
    },
  });
  made.start();
  return made;
}

async function live(options) {
  const made = session(options);
  await settle();
  Line.opened.at(-1).accept().say(WELCOME);
  return made;
}

const names = () => seen.statuses.map(([name]) => name);

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
  assert.equal(tickets, 1);
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

test("an unanswered command is sent again on the next line with the same id", async () => {
  const made = await live();
  const answered = made.command("say", { text: "hello" });
  const first = Line.opened[0].received.at(-1);
  assert.equal(first.text, "hello");
  Line.opened[0].hangUp(1006);
  mock.timers.tick(250);
  await settle();
  const again = Line.opened[1].accept().say({ ...WELCOME, mode: "resumed" });
  assert.deepEqual(again.received.at(-1), first);
  again.say({ type: "ack", id: first.id, seq: 11 });
  assert.equal((await answered).seq, 11);
  made.stop();
});

test("a command given without a connection waits for one", async () => {
  const made = session();
  made.command("say", { text: "early" });
  await settle();
  Line.opened[0].accept().say(WELCOME);
  assert.equal(Line.opened[0].received.at(-1).text, "early");
  made.stop();
});

test("an event that carries our command's id answers it, should the ack have been lost with the line", async () => {
  const made = await live();
  const answered = made.command("pause");
  const { id } = Line.opened[0].received.at(-1);
  Line.opened[0].say(event(11, "paused", { by: "u1", command: id, playback: PLAYBACK }));
  assert.equal((await answered).seq, 11);
  made.stop();
});

test("a refusal reaches who asked; one with a time is asked again with the same id", async () => {
  const made = await live();
  const refused = made.command("say", { text: "x" });
  const { id } = Line.opened[0].received.at(-1);
  Line.opened[0].say({ type: "error", code: "text_too_long", message: "…", id });
  await assert.rejects(refused, { code: "text_too_long" });

  const busy = made.command("say", { text: "y" });
  const second = Line.opened[0].received.at(-1);
  Line.opened[0].say({ type: "error", code: "rate_limited", message: "…", id: second.id, retry_after_ms: 300 });
  mock.timers.tick(300);
  assert.deepEqual(Line.opened[0].received.at(-1), second);
  assert.equal(Line.opened[0].received.filter(({ id: one }) => one === second.id).length, 2);
  Line.opened[0].say({ type: "ack", id: second.id, seq: 11 });
  await busy;
  made.stop();
});

test("an error that answers no command is passed on", async () => {
  const made = await live();
  Line.opened[0].say({ type: "error", code: "bad_message", message: "…", id: null });
  assert.deepEqual(seen.refused, ["bad_message"]);
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

test("joinBy posts, reads the ticket, and turns problem documents into final and passing failures", async () => {
  const answering = (status, body, headers = {}) => async (url, options) => {
    assert.deepEqual([url, options.method], ["/join", "POST"]);
    return new Response(JSON.stringify(body), { status, headers });
  };
  assert.deepEqual(await joinBy("/join", { fetch: answering(200, { ticket: "t" }) })(), { ticket: "t" });
  const failure = async (status, body, headers) => {
    try {
      await joinBy("/join", { fetch: answering(status, body, headers) })();
    } catch (error) {
      return [error.code, error.final, error.retryAfterMs];
    }
    return null;
  };
  assert.deepEqual(await failure(410, { code: "room_closed" }), ["room_closed", true, 0]);
  assert.deepEqual(await failure(403, { code: "not_invited" }), ["not_invited", true, 0]);
  assert.deepEqual(await failure(503, { code: "database_unavailable" }, { "Retry-After": "2" }), ["database_unavailable", false, 2000]);
  assert.deepEqual(await failure(502, {}), ["http_502", false, 0]);
});

test("with a token joinBy sends it instead of cookies, and asks once for a new one if it is refused", async () => {
  const sent = [];
  const asked = [];
  const token = async (options) => `t${asked.push(options)}`;
  const answering = (...statuses) => async (_url, { headers, credentials }) => {
    sent.push([headers.Authorization, credentials]);
    return new Response(JSON.stringify({ code: "invalid_token", ticket: "t" }), { status: statuses.shift() });
  };
  assert.equal((await joinBy("/join", { fetch: answering(401, 200), token })()).ticket, "t");
  assert.deepEqual(sent, [["Bearer t1", "omit"], ["Bearer t2", "omit"]]);
  assert.deepEqual(asked, [{ refused: false }, { refused: true }]);

  await assert.rejects(joinBy("/join", { fetch: answering(401, 401, 200), token })(), { code: "invalid_token", final: true });
  const signedOut = async () => { throw new Error("signed out"); };
  await assert.rejects(joinBy("/join", { fetch: answering(200), token: signedOut })(), { message: "signed out" });
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

test("muted, slow mode and cooldown are refused at once and never sent again, in spite of their time", async () => {
  const made = await live();
  for (const code of ["muted", "slow_mode", "cooldown"]) {
    const refused = made.command(code === "cooldown" ? "pause" : "say", { text: "x" });
    const { id } = Line.opened[0].received.at(-1);
    Line.opened[0].say({ type: "error", code, message: "…", id, retry_after_ms: 400 });
    await assert.rejects(refused, { code, retryAfterMs: 400 });
    mock.timers.tick(60_000);
    assert.equal(Line.opened[0].received.filter((one) => one.id === id).length, 1);
  }
  made.stop();
});

test("what only needs repeating is repeated under its id", async () => {
  const made = await live();
  for (const [code, ms] of [["try_again", 700], ["archive_full", 900], ["outcome_unknown", undefined]]) {
    made.command("say", { text: code });
    const { id } = Line.opened[0].received.at(-1);
    Line.opened[0].say({ type: "error", code, message: "…", id, retry_after_ms: ms });
    mock.timers.tick(ms ?? 500);
    assert.equal(Line.opened[0].received.filter((one) => one.id === id).length, 2, code);
  }
  made.stop();
});

test("signals are passed on and change nothing; history answers who asked", async () => {
  const made = await live();
  const before = made.state;
  for (const type of ["reacted", "typing", "skew"]) Line.opened[0].say({ type, by: "u2" });
  Line.opened[0].say({ type: "film_differs", duration_ms: 90_000, yours_ms: 88_000 });
  assert.deepEqual(seen.signals, ["reacted", "typing", "skew", "film_differs"]);
  assert.equal(made.state, before);
  const asked = made.command("history", { before: "m1", limit: 2 });
  const { id } = Line.opened[0].received.at(-1);
  Line.opened[0].say({ type: "history", id, messages: [{ id: "m0" }], more: true });
  assert.deepEqual((await asked).messages, [{ id: "m0" }]);
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

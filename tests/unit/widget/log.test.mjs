import assert from "node:assert/strict";
import { test } from "node:test";

import { Commands, TEXT_EXPIRES_MS, COMMAND_EXPIRES_MS, randomId } from "../../../api_service/static/widget/core/commands.js";
import { LogPosition } from "../../../api_service/static/widget/core/log-position.js";
import { MESSAGES_KEPT, evolve, fromSnapshot } from "../../../api_service/static/widget/core/replica.js";
import { assignableRoles, markOf, mayWrite } from "../../../api_service/static/widget/core/permissions.js";
import { backoffMs } from "../../../api_service/static/widget/core/backoff.js";

const at = (seq, epoch = 1) => ({ epoch, seq, hash: `h${seq}` });

test("events apply in sequence, once each", () => {
  const position = new LogPosition();
  assert.equal(position.advance(at(5)), "gap", "nothing applies before a snapshot");
  position.moveTo(at(5));
  assert.equal(position.advance(at(6)), "next");
  assert.equal(position.advance(at(6)), "duplicate");
  assert.equal(position.advance(at(5)), "duplicate");
  assert.equal(position.advance(at(8)), "gap");
  assert.equal(position.advance(at(7)), "next", "a gap did not move the place");
  assert.deepEqual([position.epoch, position.seq, position.hash], [1, 7, "h7"]);
});

test("an event of a later epoch without its snapshot is a gap, of an earlier one a duplicate", () => {
  const position = new LogPosition();
  position.moveTo(at(9, 2));
  assert.equal(position.advance(at(10, 3)), "gap");
  assert.equal(position.advance(at(10, 1)), "duplicate");
});

const ANN = { id: "a", name: "Ann" };

const snapshot = {
  you: { id: "a", name: "Ann", role: "viewer" },
  room: { id: "r", owner: "o", host: null, settings: { control: "everyone", slow_mode_s: 0 } },
  limits: { text_graphemes: 500 },
  state: { playback: { status: "paused", position_ms: 0, rate: 1, at_ms: 0, by: null, reason: null, started: false, sought_ms: 0 } },
  members: [{ id: "a", name: "Ann", role: "viewer", ready: false }],
  messages: [{ id: "m1", text: "one", author: ANN }],
};

test("events carry the replica of the room forward", () => {
  const vector = { status: "playing", position_ms: 0, rate: 1, at_ms: 500 };
  const events = [
    { type: "member_joined", member: { id: "b", name: "Bob", ready: false } },
    { type: "member_changed", member: { id: "b", name: "Bob", ready: true } },
    { type: "played", playback: vector },
    { type: "said", message: { id: "m2", text: "two", author: ANN } },
    { type: "said", message: { id: "m2", text: "two", author: ANN } },
    { type: "something_new", playback: null },
    { type: "member_left", member_id: "a", name: "Ann" },
  ];
  const state = events.reduce(evolve, fromSnapshot(snapshot));
  assert.deepEqual(state.playback, vector);
  assert.deepEqual(state.members, [{ id: "b", name: "Bob", ready: true }]);
  assert.deepEqual(state.messages.map(({ id }) => id), ["m1", "m2"]);
  assert.deepEqual(evolve(state, { type: "closed", reason: "owner" }).closed, { reason: "owner" });
});

test("who is aside is known until they are back, and another film begins with nobody ready", () => {
  const before = fromSnapshot({ ...snapshot, members: [{ id: "a", name: "Ann", ready: true, aside: null }, { id: "b", name: "Bob", ready: true, aside: null }] });
  const step = (member_id, reason) => ({ type: "stepped_aside", member_id, reason, position_ms: 7_000, time_ms: 90 });
  const aside = [step("a", "away"), step("b", "alone")].reduce(evolve, before);
  assert.deepEqual(aside.members.map((one) => one.aside), [
    { reason: "away", since_ms: 90, position_ms: 7_000 }, { reason: "alone", since_ms: 90, position_ms: 7_000 },
  ]);
  assert.deepEqual(evolve(aside, { type: "came_back", member_id: "a", position_ms: 8_000 }).members.map((one) => one.aside?.reason), [undefined, "alone"]);
  const film = { id: "f2", title: "Second", duration_ms: 9_000 };
  const laid = { status: "paused", position_ms: 0, rate: 1, at_ms: 100, by: null, reason: null, started: false, sought_ms: 0 };
  const changed = evolve(aside, { type: "film_changed", film, previous_film_id: "f1", playback: laid });
  assert.deepEqual([changed.room.film, changed.playback], [film, laid]);
  assert.deepEqual(changed.members.map(({ ready, aside: one }) => [ready, one?.reason]), [[false, "away"], [false, undefined]]);
  assert.deepEqual(changed.messages, aside.messages);
});

test("a later snapshot keeps messages that it no longer contains, and this viewer", () => {
  const before = fromSnapshot({ ...snapshot, messages: [{ id: "m0", text: "zero", author: ANN }, { id: "m1", text: "one", author: ANN }] });
  const snapshotMessages = [{ id: "m1", text: "", deleted: true, reactions: {}, revision: 1, author: ANN }, { id: "m2", author: ANN }];
  const after = fromSnapshot({ state: snapshot.state, members: [], messages: snapshotMessages }, before);
  assert.deepEqual(after.messages.map(({ id }) => id), ["m0", "m1", "m2"]);
  assert.equal(after.messages[1].deleted, true, "what was deleted meanwhile is");
  assert.equal(after.you.id, "a");
});

test("the replica's messages are bounded", () => {
  let state = fromSnapshot(snapshot);
  for (let n = 0; n < MESSAGES_KEPT + 50; n += 1) state = evolve(state, { type: "said", message: { id: `x${n}`, author: ANN } });
  assert.equal(state.messages.length, MESSAGES_KEPT);
});

test("roles, mutes, the host and the settings are carried forward", () => {
  const settings = { control: "owner", slow_mode_s: 30 };
  const state = [
    { type: "role_set", member_id: "a", role: "moderator" },
    { type: "muted", member_id: "a", until_ms: 9_000 },
    { type: "rebased", shift_ms: 500, playback: { ...snapshot.state.playback, at_ms: 500 } },
    { type: "host_changed", host: "a" },
    { type: "settings_changed", settings, access: "invited", starts_at: null, title: "Friday" },
    { type: "message_deleted", message_id: "m1" },
  ].reduce(evolve, fromSnapshot(snapshot));
  assert.deepEqual(state.members, [{ ...snapshot.members[0], role: "moderator", muted_until_ms: 9_500 }]);
  assert.equal(state.you.role, "moderator");
  assert.deepEqual([state.room.host, state.room.settings, state.room.access, state.room.title], ["a", settings, "invited", "Friday"]);
  assert.deepEqual(state.messages, [{ id: "m1", text: "", deleted: true, reactions: {}, revision: 1, author: ANN }]);
  assert.equal(evolve(state, { type: "muted", member_id: "a", until_ms: null }).members[0].muted_until_ms, null);
});

test("a room that is handed over or shows another film is known as such", () => {
  const film = { id: "f2", title: "Other", duration_ms: 90_000 };
  const changed = { type: "settings_changed", settings: {}, access: "link", starts_at: null, film: null, owner: null };
  const before = evolve(fromSnapshot(snapshot), { type: "host_changed", host: "a" });
  const state = [{ ...changed, film }, { ...changed, owner: "a" }].reduce(evolve, before);
  assert.deepEqual([state.room.film, state.room.owner, state.room.host], [film, "a", null]);
  assert.deepEqual([state.you.role, state.members[0].role], ["owner", "owner"]);
  assert.equal(evolve(state, { ...changed, owner: "b" }).members[0].role, "moderator");
});

test("who paused stays known through seeks and changes of speed, until the film goes on", () => {
  const paused = { ...snapshot.state.playback, by: "a", at_ms: 10, started: true };
  let state = evolve(fromSnapshot(snapshot), { type: "paused", playback: paused });
  assert.deepEqual([state.pause.by, state.pause.sought], ["a", false]);
  state = evolve(state, { type: "sought", playback: { ...paused, by: "b", at_ms: 20, sought_ms: 20 } });
  state = evolve(state, { type: "rate_changed", playback: { ...paused, by: "c", at_ms: 30, sought_ms: 20 } });
  assert.equal(state.pause.by, "a");
  for (const type of ["played", "hold_started", "hold_ended"]) assert.equal(evolve(state, { type, playback: paused }).pause, null);
  assert.equal(evolve(state, { type: "member_joined", member: { id: "d", name: "Dan" } }).pause.by, "a");
});

test("a newcomer learns who paused, or that somebody only chose the place", () => {
  const seen = (playback) => fromSnapshot({ ...snapshot, state: { playback: { ...snapshot.state.playback, started: true, ...playback } } }).pause;
  assert.deepEqual(seen({ by: "b", at_ms: 50 }), { by: "b", reason: null, started: true, sought: false });
  assert.equal(seen({ by: "b", at_ms: 50, sought_ms: 50 }).sought, true);
  assert.equal(seen({ by: null, reason: "empty", at_ms: 50 }).reason, "empty");
  assert.equal(seen({ status: "playing" }), null);
});

test("those who left are still known by name", () => {
  const state = evolve(fromSnapshot(snapshot), { type: "member_left", member_id: "a", name: "Anna" });
  assert.equal(state.names.a, "Anna");
});

test("an unanswered command is repeated with the same id", async () => {
  const commands = new Commands();
  const { message, answered } = commands.add("say", { text: "hi" }, 0);
  assert.deepEqual(commands.pendingMessages(5_000), [message]);
  commands.acknowledge(message.id, { seq: 7 });
  assert.deepEqual(await answered, { seq: 7 });
  assert.deepEqual(commands.pendingMessages(6_000), []);
});

test("a command about the film expires soon, a text late", async () => {
  const commands = new Commands();
  const pause = commands.add("pause", {}, 0);
  const kick = commands.add("kick", { member_id: "b" }, 0);
  const text = commands.add("say", { text: "hi" }, 0);
  assert.deepEqual(commands.pendingMessages(COMMAND_EXPIRES_MS + 1), [text.message]);
  await assert.rejects(pause.answered, { code: "too_late" });
  await assert.rejects(kick.answered, { code: "too_late" });
  assert.deepEqual(commands.pendingMessages(TEXT_EXPIRES_MS + 1), []);
  await assert.rejects(text.answered, { code: "too_late" });
});

test("of several unanswered seeks only the last is meant", async () => {
  const commands = new Commands();
  const first = commands.add("seek", { position_ms: 1 }, 0);
  const second = commands.add("seek", { position_ms: 2 }, 10);
  await assert.rejects(first.answered, { code: "superseded" });
  assert.deepEqual(commands.pendingMessages(20), [second.message]);
});

test("ids are 32 hexadecimal digits and differ", () => {
  assert.match(randomId(), /^[0-9a-f]{32}$/);
  assert.notEqual(randomId(), randomId());
});

test("waits between tries are spread over the whole doubling interval, up to 15 s", () => {
  assert.equal(backoffMs(0, () => 0), 0);
  assert.equal(backoffMs(0, () => 0.5), 250);
  assert.equal(backoffMs(3, () => 0.5), 2_000);
  assert.equal(backoffMs(40, () => 0.9), 13_500);
});

test("a room that starts over may have become one's own, and what was said by somebody who is gone is blank", () => {
  const before = fromSnapshot(snapshot);
  const nobody = { id: "00000000-0000-0000-0000-000000000000", name: "" };
  const after = fromSnapshot({
    room: { ...snapshot.room, owner: "a" },
    state: snapshot.state,
    members: [{ id: "a", name: "Ann", role: "owner", ready: false }],
    messages: [{ id: "m1", text: "", deleted: true, reactions: {}, revision: 1, author: nobody }],
  }, before);
  assert.equal(before.you.role, "viewer");
  assert.equal(after.you.role, "owner");
  assert.deepEqual(after.messages, [{ id: "m1", text: "", deleted: true, reactions: {}, revision: 1, author: nobody }]);
});

test("guests without an account are known by their members and their messages, also once they have left", () => {
  const zoe = { id: "z", name: "Zoe", role: "guest", guest: true };
  const old = { id: "y", name: "Yan", guest: true };
  let state = fromSnapshot({ ...snapshot, messages: [{ id: "m0", text: "hi", author: old }] });
  state = evolve(state, { type: "member_joined", member: zoe });
  state = evolve(state, { type: "member_left", member_id: "z", name: "Zoe" });
  assert.deepEqual([...state.guests], ["y", "z"]);
  assert.deepEqual(["a", "y", "z"].map((id) => markOf(state, id)), ["viewer", "guest", "guest"]);
});

test("a guest writes where guests may, and wherever somebody gave them another role; nobody makes one a moderator", () => {
  const guest = (role, guests) => fromSnapshot({
    ...snapshot,
    room: { ...snapshot.room, settings: { ...snapshot.room.settings, guests } },
    members: [{ id: "a", name: "Ann", role, ready: false, guest: true }],
  });
  assert.deepEqual(["watch", "chat"].map((may) => mayWrite(guest("guest", may))), [false, true]);
  assert.equal(mayWrite(guest("viewer", "watch")), true);
  assert.equal(mayWrite(fromSnapshot(snapshot)), true);
  const owners = { ...guest("guest", "chat"), you: { id: "o", name: "Olga", role: "owner" } };
  assert.deepEqual(assignableRoles(owners, "a"), ["viewer"]);
});

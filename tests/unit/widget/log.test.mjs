import assert from "node:assert/strict";
import { test } from "node:test";

import { Commands, TEXT_LIVES_MS, WISH_LIVES_MS, randomId } from "../../../api_service/static/widget/commands.js";
import { Order } from "../../../api_service/static/widget/order.js";
import { MESSAGES_KEPT, evolve, fromSnapshot, mayControl } from "../../../api_service/static/widget/replica.js";
import { waitBefore } from "../../../api_service/static/widget/backoff.js";

const at = (seq, epoch = 1) => ({ epoch, seq, hash: `h${seq}` });

test("events apply in sequence, once each", () => {
  const order = new Order();
  assert.equal(order.judge(at(5)), "gap", "nothing applies before a snapshot");
  order.stand(at(5));
  assert.equal(order.judge(at(6)), "next");
  assert.equal(order.judge(at(6)), "known");
  assert.equal(order.judge(at(5)), "known");
  assert.equal(order.judge(at(8)), "gap");
  assert.equal(order.judge(at(7)), "next", "a gap did not move the place");
  assert.deepEqual([order.epoch, order.seq, order.hash], [1, 7, "h7"]);
});

test("an event of a later epoch without its snapshot is a gap, of an earlier one old news", () => {
  const order = new Order();
  order.stand(at(9, 2));
  assert.equal(order.judge(at(10, 3)), "gap");
  assert.equal(order.judge(at(10, 1)), "known");
});

const snapshot = {
  you: { id: "a", name: "Ann", role: "viewer" },
  room: { id: "r", control: "everyone" },
  limits: { text_graphemes: 500 },
  state: { playback: { status: "paused", position_ms: 0, rate: 1, at_ms: 0 } },
  members: [{ id: "a", name: "Ann", role: "viewer", ready: false }],
  messages: [{ id: "m1", text: "one" }],
};

test("events carry the copy of the room forward", () => {
  const vector = { status: "playing", position_ms: 0, rate: 1, at_ms: 500 };
  const events = [
    { type: "member_joined", member: { id: "b", name: "Bob", ready: false } },
    { type: "member_changed", member: { id: "b", name: "Bob", ready: true } },
    { type: "played", playback: vector },
    { type: "said", message: { id: "m2", text: "two" } },
    { type: "said", message: { id: "m2", text: "two" } },
    { type: "something_new", playback: null },
    { type: "member_left", member_id: "a" },
  ];
  const state = events.reduce(evolve, fromSnapshot(snapshot));
  assert.deepEqual(state.playback, vector);
  assert.deepEqual(state.members, [{ id: "b", name: "Bob", ready: true }]);
  assert.deepEqual(state.messages.map(({ id }) => id), ["m1", "m2"]);
  assert.deepEqual(evolve(state, { type: "closed", reason: "owner" }).closed, { reason: "owner" });
});

test("a later snapshot keeps messages that it no longer tells, and who we are", () => {
  const before = fromSnapshot({ ...snapshot, messages: [{ id: "m0", text: "zero" }, { id: "m1", text: "one" }] });
  const after = fromSnapshot({ state: snapshot.state, members: [], messages: [{ id: "m1" }, { id: "m2" }] }, before);
  assert.deepEqual(after.messages.map(({ id }) => id), ["m0", "m1", "m2"]);
  assert.equal(after.you.id, "a");
});

test("the copy's messages are bounded", () => {
  let state = fromSnapshot(snapshot);
  for (let n = 0; n < MESSAGES_KEPT + 50; n += 1) state = evolve(state, { type: "said", message: { id: `x${n}` } });
  assert.equal(state.messages.length, MESSAGES_KEPT);
});

test("who may move the film follows the room's control", () => {
  const state = fromSnapshot(snapshot);
  const under = (control, role) => mayControl({ ...state, room: { control }, you: { role } });
  assert.equal(under("everyone", "viewer"), true);
  assert.equal(under("moderators", "viewer"), false);
  assert.equal(under("moderators", "moderator"), true);
  assert.equal(under("owner", "moderator"), false);
  assert.equal(under("owner", "owner"), true);
  assert.equal(mayControl(null), false);
});

test("an unanswered command is repeated with the same id", async () => {
  const commands = new Commands();
  const { message, answered } = commands.keep("say", { text: "hi" }, 0);
  assert.deepEqual(commands.repeat(5_000), [message]);
  commands.acknowledge(message.id, { seq: 7 });
  assert.deepEqual(await answered, { seq: 7 });
  assert.deepEqual(commands.repeat(6_000), []);
});

test("a wish about the film passes; text waits", async () => {
  const commands = new Commands();
  const pause = commands.keep("pause", {}, 0);
  const text = commands.keep("say", { text: "hi" }, 0);
  assert.deepEqual(commands.repeat(WISH_LIVES_MS + 1), [text.message]);
  await assert.rejects(pause.answered, { code: "too_late" });
  assert.deepEqual(commands.repeat(TEXT_LIVES_MS + 1), []);
  await assert.rejects(text.answered, { code: "too_late" });
});

test("of several unanswered seeks only the last is meant", async () => {
  const commands = new Commands();
  const first = commands.keep("seek", { position_ms: 1 }, 0);
  const second = commands.keep("seek", { position_ms: 2 }, 10);
  await assert.rejects(first.answered, { code: "superseded" });
  assert.deepEqual(commands.repeat(20), [second.message]);
});

test("ids are 32 hexadecimal digits and differ", () => {
  assert.match(randomId(), /^[0-9a-f]{32}$/);
  assert.notEqual(randomId(), randomId());
});

test("waits between tries are spread over the whole doubling interval, up to 15 s", () => {
  assert.equal(waitBefore(0, () => 0), 0);
  assert.equal(waitBefore(0, () => 0.5), 250);
  assert.equal(waitBefore(3, () => 0.5), 2_000);
  assert.equal(waitBefore(40, () => 0.9), 13_500);
});

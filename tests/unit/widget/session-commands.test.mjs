import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { Line, PLAYBACK, WELCOME, event } from "./line.mjs";
import { begin, live, seen, session, settle } from "./open-session.mjs";

beforeEach(begin);

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

import assert from "node:assert/strict";
import { test } from "node:test";

import { lobbyOf } from "../../../api_service/static/widget/core/lobby.js";
import { PLAYBACK, SETTINGS } from "./line.mjs";

const NOW = 5_000;
const member = (id, more = {}) => ({ id, name: id, role: id === "owner" ? "owner" : "viewer", ready: true, second_screen: false, aside: null, ...more });

function room({ you = "owner", startsAt = null, playback = {}, members = [member("owner"), member("ann")], ...settings } = {}) {
  return {
    you: { id: you, role: you === "owner" ? "owner" : "viewer" }, members, playback: { ...PLAYBACK, ...playback },
    room: { owner: "owner", host: null, starts_at: startsAt, settings: { ...SETTINGS, ...settings } },
  };
}

test("a film that starts by itself, or has started, has no lobby", () => {
  assert.equal(lobbyOf(room(), NOW), null);
  assert.equal(lobbyOf(room({ startsAt: NOW }), NOW), null, "its moment has come");
  assert.equal(lobbyOf(room({ start: "together", playback: { started: true } }), NOW), null);
});

test("everyone sees who is here and who is ready", () => {
  const members = [member("owner"), member("ann", { ready: false }), member("bob", { aside: { reason: "away" } }), member("cid", { second_screen: true, ready: false })];
  const lobby = lobbyOf(room({ start: "together", members }), NOW);
  assert.deepEqual([lobby.here, lobby.ready, lobby.allReady], [3, 1, false]);
  assert.deepEqual(lobby.loading.map(({ id }) => id), ["ann", "bob"]);
});

test("all are ready once as many as are waited for are here", () => {
  assert.equal(lobbyOf(room({ start: "together", start_when_ready: 3 }), NOW).allReady, false);
  const members = ["owner", "ann", "bob"].map((id) => member(id));
  assert.equal(lobbyOf(room({ start: "together", start_when_ready: 3, members }), NOW).allReady, true);
});

test("whoever is invited and not here yet is missing, and not all are ready", () => {
  const expected = [{ id: "ann", name: "ann" }, { id: "bob", name: "bob" }];
  const lobby = lobbyOf(room({ start: "together" }), NOW, expected);
  assert.deepEqual([lobby.missing, lobby.allReady, lobby.asks], [[expected[1]], false, true]);
  const all = lobbyOf(room({ start: "together", members: ["owner", "ann", "bob"].map((id) => member(id)) }), NOW, expected);
  assert.deepEqual([all.missing, all.allReady, all.asks], [[], true, false]);
});

test("the owner starts it, and others where they may; whoever may control does in the owner's absence", () => {
  const may = (options) => lobbyOf(room({ start: "together", ...options }), NOW).mayStart;
  assert.equal(may({}), true);
  assert.equal(may({ you: "ann" }), false);
  assert.equal(may({ you: "ann", early_start: true }), true);
  assert.equal(may({ you: "ann", early_start: true, control: "owner" }), false);
  assert.equal(may({ you: "ann", members: [member("ann")] }), true);
  assert.equal(may({ you: "ann", members: [member("ann")], startsAt: NOW + 1 }), false, "before its time it is the owner's alone");
});

test("an early start, or one without somebody, is asked about first", () => {
  const asks = (options) => lobbyOf(room({ start: "together", ...options }), NOW).asks;
  assert.equal(asks({}), false);
  assert.equal(asks({ startsAt: NOW + 60_000 }), true);
  assert.equal(asks({ members: [member("owner"), member("ann", { ready: false })] }), true);
  assert.equal(asks({ start_when_ready: 3 }), true);
  assert.equal(lobbyOf(room({ startsAt: NOW + 60_000 }), NOW).inMs, 60_000);
});

import assert from "node:assert/strict";
import { test } from "node:test";

import { SKEW_SHOWN_MS, followingOf, inOrder, matches, missing } from "../../../api_service/static/widget/core/people.js";
import { LANGUAGES } from "../../../api_service/static/widget/ui/translations.js";
import { PLAYBACK, SETTINGS } from "./line.mjs";

const member = (id, more = {}) => ({ id, name: id, role: "viewer", ready: true, buffering: false, second_screen: false, aside: null, ...more });
const RUNNING = { ...PLAYBACK, status: "playing", started: true };

function room({ you = "ann", playback = RUNNING, members = [] } = {}) {
  return { you: { id: you, role: "viewer" }, members, playback, room: { owner: "owner", host: null, settings: SETTINGS } };
}

test("oneself comes first, then the owner, moderators, the others as they joined, and who is away", () => {
  const members = [member("bob"), member("away", { role: "moderator", aside: { reason: "away" } }), member("mod", { role: "moderator" }), member("alone", { aside: { reason: "alone" } }),
    member("owner", { role: "owner" }), member("ann"), member("zed")];
  assert.deepEqual(inOrder(room({ members })).map(({ id }) => id), ["ann", "owner", "mod", "bob", "alone", "zed", "away"]);
});

test("whoever is invited and here is not missing", () => {
  const expected = [{ id: "ann", name: "Ann" }, { id: "cid", name: "Cid" }];
  assert.deepEqual(missing(room({ members: [member("ann")] }), expected), [expected[1]]);
});

test("names are found whatever case and accents they are searched with", () => {
  const found = (query) => ["Éric Blanc", "Пётр Йорк", "Anna"].filter((name) => matches(name, query));
  assert.deepEqual(found("eric"), ["Éric Blanc"]);
  assert.deepEqual(found(" ПЕТР "), ["Пётр Йорк"]);
  assert.deepEqual(found("иор"), ["Пётр Йорк"]);
  assert.deepEqual(found("nn"), ["Anna"]);
  assert.equal(found("").length, 3);
});

test("how somebody follows the film is one thing at a time, and has words in both languages", () => {
  const kind = (more, options = {}, skewMs = 0) => followingOf(member("ann", more), room(options), skewMs).kind;
  assert.equal(kind({}), "in_step");
  assert.equal(kind({}, { playback: PLAYBACK }), "ready");
  assert.equal(kind({ ready: false }), "not_ready");
  assert.equal(kind({ buffering: true }), "buffering");
  assert.equal(kind({ second_screen: true, ready: false }), "second_screen");
  for (const reason of ["away", "rewatch", "ad", "alone"]) assert.equal(kind({ aside: { reason }, buffering: true }), reason);
  assert.equal(kind({}, {}, -SKEW_SHOWN_MS), "behind");
  assert.equal(kind({}, {}, SKEW_SHOWN_MS), "ahead");
  assert.equal(kind({}, {}, 1 - SKEW_SHOWN_MS), "in_step", "the widget removes that by itself");
  assert.equal(kind({}, { playback: { ...RUNNING, status: "paused" } }, -5_000), "in_step", "nobody is behind a film that stands still");
  assert.equal(followingOf(member("ann"), room(), -4_600).seconds, 5);

  const kinds = ["in_step", "ready", "not_ready", "buffering", "behind", "ahead", "second_screen", "away", "rewatch", "ad", "alone"];
  for (const texts of Object.values(LANGUAGES)) assert.deepEqual(kinds.filter((one) => !texts.following[one]), []);
});

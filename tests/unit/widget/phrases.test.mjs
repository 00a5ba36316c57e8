import assert from "node:assert/strict";
import { test } from "node:test";

import { imitatesOwner, mayChangeSetting, mayControl, mayEdit, EDITABLE_MS, mayDelete, mayModerate, assignableRoles } from "../../../api_service/static/widget/core/permissions.js";
import { memberActions } from "../../../api_service/static/widget/ui/member-menu.js";
import { LANGUAGES } from "../../../api_service/static/widget/ui/translations.js";
import { eventPhrase, filmDiffersPhrase, holdPhrase, pausePhrase, refusalPhrase, controlPhrase } from "../../../api_service/static/widget/ui/phrases.js";
import { PLAYBACK, SETTINGS } from "./line.mjs";

const { en } = LANGUAGES;
const NAMES = { o: "Olga", m: "Max", v: "Vera", g: "Gus" };
const ROLES = { o: "owner", m: "moderator", v: "viewer", g: "guest" };

/** The room as the person `you` sees it. */
function seenBy(you, { control = "everyone", host = null, playback = {}, pause = null, present = "omvg" } = {}) {
  const members = [...present].map((id) => ({ id, name: NAMES[id], role: ROLES[id], muted_until_ms: null }));
  return {
    you: { id: you, role: ROLES[you] }, names: NAMES, members, pause, playback: { ...PLAYBACK, ...playback },
    room: { owner: "o", host, settings: { ...SETTINGS, control } },
  };
}

const plain = (words) => words?.replace(/[\u2068\u2069]/g, "") ?? null;

test("who may move the film follows the room's control, and the host acts for the owner", () => {
  const may = (control, host = null) => [..."omvg"].filter((you) => mayControl(seenBy(you, { control, host }))).join("");
  assert.equal(may("everyone"), "omv");
  assert.equal(may("moderators"), "om");
  assert.equal(may("owner"), "o");
  assert.equal(may("owner", "v"), "ov");
  assert.equal(mayControl(null), false);
});

test("one moderates those below, and makes nobody one's equal", () => {
  const below = (you) => [..."omvg"].filter((id) => mayModerate(seenBy(you), id)).join("");
  assert.deepEqual([..."omvg"].map(below), ["mvg", "vg", "", ""]);
  assert.deepEqual(assignableRoles(seenBy("o"), "v"), ["moderator", "guest"]);
  assert.deepEqual(assignableRoles(seenBy("m"), "v"), ["guest"]);
  assert.deepEqual(assignableRoles(seenBy("m"), "o"), []);
  assert.deepEqual([mayChangeSetting(seenBy("m"), "locked"), mayChangeSetting(seenBy("m"), "control"), mayChangeSetting(seenBy("v"), "hold")], [true, false, false]);
  const by = (id) => ({ author: { id }, deleted: false });
  assert.deepEqual([mayDelete(seenBy("v"), by("v")), mayDelete(seenBy("v"), by("g")), mayDelete(seenBy("m"), by("v")), mayDelete(seenBy("m"), by("o"))],
    [true, false, true, false]);
});

test("whose name looks like the owner's is marked, and the owner is not", () => {
  const looks = { o: "olga", v: "olga", m: "max" };
  const marked = (state) => [..."omvg"].filter((id) => imitatesOwner(state, id)).join("");
  assert.equal(marked({ ...seenBy("m"), looks }), "v");
  assert.equal(marked({ ...seenBy("m"), looks: {} }), "", "nobody has met the owner yet");
});

test("one's own message may be edited for a while", () => {
  const said = { author: { id: "v" }, deleted: false, sent_ms: 1_000 };
  assert.equal(mayEdit(seenBy("v"), said, 1_000 + EDITABLE_MS - 1), true);
  assert.equal(mayEdit(seenBy("v"), said, 1_000 + EDITABLE_MS), false);
  assert.equal(mayEdit(seenBy("o"), said, 2_000), false);
  assert.equal(mayEdit(seenBy("v"), { ...said, deleted: true }, 2_000), false);
});

test("a member's menu offers what one may do with them now", () => {
  const acts = (you, id, options = {}) => memberActions(seenBy(you), { ...seenBy(you).members.find((one) => one.id === id), ...options.member }, { nowMs: 1_000, ...options })
    .map(({ action, value }) => (action === "make" ? value : action));
  assert.deepEqual(acts("o", "v"), ["moderator", "guest", "mute_5", "mute_60", "kick"]);
  assert.deepEqual(acts("o", "v", { member: { muted_until_ms: 2_000 }, bans: true }), ["moderator", "guest", "unmute", "kick", "ban"]);
  assert.deepEqual(acts("m", "v", { member: { muted_until_ms: 500 } }), ["guest", "mute_5", "mute_60", "kick"], "a mute that has run out is none");
  assert.deepEqual(acts("v", "g"), []);
});

test("a paused film always has a reason", () => {
  const why = (pause, you = "v") => plain(pausePhrase(seenBy(you, { pause: { by: null, reason: null, started: true, sought: false, ...pause } }), en));
  assert.equal(why({ by: "m" }), "Max paused");
  assert.equal(why({ by: "m" }, "m"), "You paused");
  assert.equal(why({ by: "z" }), "Somebody paused");
  assert.equal(why({ by: "m", sought: true }), "Paused. Max jumped here");
  assert.equal(why({ reason: "empty" }), "Paused: everyone had left");
  assert.equal(why({ started: false }), "The film has not started yet");
  assert.equal(why({}), "Paused");
  assert.equal(pausePhrase(seenBy("v", { playback: { status: "playing" } }), en), null);
});

test("whom the room waits for, and for how long yet", () => {
  const held = (you, waiting_for) => holdPhrase(seenBy(you, { playback: { status: "holding", waiting_for, hold_until_ms: 10_000 } }), en, 2_500);
  const seen = held("o", ["m", "v"]);
  assert.deepEqual([plain(seen.text), seen.seconds, seen.mine], ["Waiting for Max and Vera…", 8, false]);
  assert.deepEqual([held("m", ["m"]).text, held("m", ["m"]).mine], ["Waiting for you to load…", true]);
  assert.equal(holdPhrase(seenBy("o"), en, 0), null);
});

test("those who may not control the film see who may", () => {
  assert.equal(plain(controlPhrase(seenBy("v", { control: "owner" }), en)), "Only Olga, the owner, controls playback here.");
  assert.equal(plain(controlPhrase(seenBy("v", { control: "moderators" }), en)), "Playback is controlled here by Olga and Max.");
  assert.equal(plain(controlPhrase(seenBy("v", { control: "moderators", present: "v" }), en)), "Only the owner and moderators control playback here.");
  assert.equal(plain(controlPhrase(seenBy("v", { control: "owner", host: "m" }), en)), "Max controls playback while the owner is away.");
  assert.equal(controlPhrase(seenBy("g"), en), "Guests do not control playback here.");
});

test("refusals say for how long, and who may", () => {
  assert.match(refusalPhrase({ code: "cooldown", retryAfterMs: 4_200 }, en), /Wait 5 s/);
  assert.match(refusalPhrase({ code: "slow_mode", retryAfterMs: 900 }, en), /in 1 s/);
  assert.match(plain(refusalPhrase({ code: "forbidden" }, en, seenBy("v", { control: "owner" }))), /Olga/);
  assert.equal(refusalPhrase({ code: "something_new" }, en), en.refused_other);
});

test("whose film differs reads in which direction and by how much, however little", () => {
  const differs = (yours, others) => filmDiffersPhrase({ yours_ms: yours, duration_ms: others }, en);
  assert.match(differs(90_000, 90_400), /it is 0\.4 s shorter/);
  assert.match(differs(5_400_000, 5_367_000), /it is 33 s longer/);
  assert.match(differs(5_400_000, 5_277_000), /it is 2:03 longer/);
  assert.match(filmDiffersPhrase({ yours_ms: 90_000, duration_ms: 91_500 }, LANGUAGES.ru), /короче, чем у остальных, на 1,5 с/);
});

test("an event has one line, with who did it and to whom", () => {
  const words = (event, before = SETTINGS) => plain(eventPhrase(event, { texts: en, nameOf: (id) => NAMES[id], before }));
  const held = (by, waiting_for, more = {}) => ({ type: "hold_started", by, playback: { ...PLAYBACK, waiting_for, ...more } });
  assert.equal(words(held("v", ["v"])), "Waiting for Vera");
  assert.equal(words(held("v", ["m"])), null, "the list shrank");
  assert.equal(words({ type: "hold_ended", by: "v", playback: { ...PLAYBACK, reason: "ready" } }), null);
  assert.match(words({ type: "hold_ended", by: null, playback: { ...PLAYBACK, reason: "hold_timeout" } }), /goes on/);
  assert.match(words({ type: "played", by: "m", playback: { ...PLAYBACK, reason: "hold_skipped" } }), /Max goes on without waiting/);
  assert.equal(words({ type: "paused", by: null, playback: { ...PLAYBACK, reason: "empty" } }), "Paused at 0:00: everyone had left");
  assert.equal(words({ type: "role_set", by: "o", member_id: "v", role: "moderator" }), "Olga made Vera a moderator");
  assert.equal(words({ type: "muted", by: "o", member_id: "v", until_ms: 301_000, time_ms: 1_000 }), "Olga muted Vera for 5 min");
  assert.equal(words({ type: "muted", by: "o", member_id: "v", until_ms: null, time_ms: 0 }), "Olga unmuted Vera");
  assert.equal(words({ type: "member_left", by: "m", member_id: "v", name: "Vera", reason: "kicked" }), "Max removed Vera from the room");
  assert.equal(words({ type: "banned", by: "m", member_id: "v" }), "Max banned Vera");
  assert.equal(words({ type: "member_left", by: "m", member_id: "v", name: "Vera", reason: "banned" }), null);
  assert.equal(words({ type: "host_changed", by: null, host: "m" }), "Max stands in for the owner");
  const settings = { ...SETTINGS, locked: true, slow_mode_s: 30 };
  assert.equal(words({ type: "settings_changed", by: "o", settings }), "Olga changed the settings: the room is locked; slow mode: one every 30 s");
  assert.equal(words({ type: "settings_changed", by: "o", settings: SETTINGS }), null);
  assert.equal(words({ type: "settings_changed", by: null, settings: SETTINGS, title: "Friday" }), "The room changed the settings: the room's name is “Friday”");
  for (const type of ["rebased", "message_deleted", "something_new"]) assert.equal(words({ type, playback: PLAYBACK }), null);
});

test("both languages have the same words, and the same of them take values", () => {
  const shape = (texts) => Object.fromEntries(Object.entries(texts).map(([key, value]) => [key, typeof value === "object" ? shape(value) : typeof value]));
  assert.deepEqual(shape(LANGUAGES.ru), shape(en));
});

test("anybody else can be blocked for oneself where the page sees to it, and unblocked", () => {
  const offered = (you, id, options) => memberActions(seenBy(you), seenBy(you).members.find((one) => one.id === id), { nowMs: 0, ...options }).map(({ action }) => action);
  assert.deepEqual(offered("v", "o", {}), []);
  assert.deepEqual(offered("v", "o", { blocks: true }), ["block"]);
  assert.deepEqual(offered("v", "o", { blocks: true, blocked: true }), ["unblock"]);
  assert.deepEqual(offered("v", "v", { blocks: true }), []);
  assert.equal(offered("o", "v", { blocks: true, bans: true }).at(-1), "block");
});

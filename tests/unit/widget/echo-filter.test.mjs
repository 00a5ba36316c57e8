import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { ACT_COUNTS_MS, EchoFilter } from "../../../api_service/static/widget/core/echo-filter.js";
import { hold, pass } from "./time.mjs";

beforeEach(hold);

const player = (now) => ({ paused: true, ended: false, seeking: false, currentTime: 0, playbackRate: 1, ...now });
const event = (type, detail) => ({ type, detail });

/** A filter that knows the room's state, before which a person touches the page with `act()`. */
async function filtering() {
  let actMs = -Infinity;
  const filter = new EchoFilter(() => actMs);
  filter.roomKnown();
  await pass(1);
  const act = async () => {
    await pass(1);
    actMs = performance.now();
  };
  const command = (type, media, more) => {
    const change = filter.changeIn(typeof type === "string" ? event(type) : type, media, more);
    return change?.byViewer ? change.type : null;
  };
  return { filter, act, command };
}

test("what the widget asked for is no change", () => {
  const filter = new EchoFilter();
  filter.expectPaused(false);
  assert.equal(filter.changeIn(event("play"), player({ paused: false })), null);
  filter.expectPaused(true);
  assert.equal(filter.changeIn(event("pause"), player({ paused: true })), null);
  filter.expectSeek(12);
  assert.equal(filter.changeIn(event("seeking"), player({ seeking: true, currentTime: 12.04 })), null);
  filter.expectRate(1.03);
  assert.equal(filter.changeIn(event("ratechange"), player({ playbackRate: 1.03 })), null);
});

test("what differs from it is the command of a person who has just acted", async () => {
  const { filter, act, command } = await filtering();
  await act();
  assert.equal(command("play", player({ paused: false })), "play");
  filter.expectPaused(false);
  assert.equal(command("pause", player({ paused: true })), "pause");
  assert.equal(command("seeking", player({ seeking: true, currentTime: 40 })), "seek");
  assert.equal(command("ratechange", player({ playbackRate: 1.5 })), "set_rate");
});

test("the same without a person, or a second after they acted, is a change and nobody's command", async () => {
  const { filter, act, command } = await filtering();
  const nudge = player({ seeking: true, currentTime: 40 });
  assert.deepEqual(filter.changeIn(event("seeking"), nudge), { type: "seek", byViewer: false });
  await act();
  await pass(ACT_COUNTS_MS);
  assert.equal(command("seeking", nudge), "seek");
  await pass(1);
  assert.equal(command("seeking", nudge), null);
});

test("before the room's state is known nothing is a command, nor what was done before", async () => {
  let actMs = performance.now();
  const filter = new EchoFilter(() => actMs);
  const byViewer = (type) => filter.changeIn(event(type), player({ paused: false })).byViewer;
  assert.equal(byViewer("play"), false, "autoplay after the press that opened the page");
  filter.roomKnown();
  await pass(1);
  assert.equal(byViewer("play"), false, "the press was made when nobody knew the room");
  actMs = performance.now();
  assert.equal(byViewer("play"), true);
});

test("an adapter that knows who moved its player is believed, once the room's state is known", async () => {
  const { act, command } = await filtering();
  const sought = player({ seeking: true, currentTime: 40 });
  assert.equal(command(event("seeking", { byViewer: true }), sought), "seek");
  await act();
  assert.equal(command(event("seeking", { byViewer: false }), sought), null);
  assert.equal(new EchoFilter().changeIn(event("seeking", { byViewer: true }), sought).byViewer, false);
});

test("events that come late, after the player went on, are no changes", () => {
  const filter = new EchoFilter();
  filter.expectPaused(false); // paused and started again within one task: the queued pause event finds a running player
  assert.equal(filter.changeIn(event("pause"), player({ paused: false })), null);
  filter.expectSeek(5);
  filter.expectSeek(9); // two own seeks: the first one's event finds the player at the second place
  assert.equal(filter.changeIn(event("seeking"), player({ seeking: true, currentTime: 9 })), null);
});

test("a viewer's seek to the place of an earlier own seek is still a command", async () => {
  const { filter, act, command } = await filtering();
  filter.expectSeek(10);
  filter.seekEnded();
  await act();
  assert.equal(command("seeking", player({ seeking: true, currentTime: 10 })), "seek");
});

test("while the widget seeks, a landing elsewhere is nobody's; a viewer's own seek is still a command", async () => {
  const { filter, act, command } = await filtering();
  await act();
  await pass(1);
  filter.expectSeek(70); // the viewer's press on a control became this seek
  const landed = player({ seeking: true, currentTime: 0 });
  assert.equal(command("seeking", landed), null, "a server that ignores Range");
  await act();
  assert.equal(command("seeking", player({ seeking: true, currentTime: 30 })), "seek");
});

test("a jump over a gap beside the room's place is no command even after a press", async () => {
  const { act, command } = await filtering();
  await act();
  const jumped = player({ seeking: true, currentTime: 20.18 });
  assert.equal(command("seeking", jumped, { roomS: 20 }), null);
  assert.equal(command("seeking", jumped, { roomS: null }), "seek", "a step of frames while paused");
});

test("the end of the film and a pause by a hidden browser stop nobody else", async () => {
  const { filter, act, command } = await filtering();
  await act();
  filter.expectPaused(false);
  assert.equal(filter.changeIn(event("pause"), player({ ended: true })), null);
  assert.equal(command("pause", player({}), { hidden: true }), null);
  assert.equal(command("pause", player({}), { hidden: false }), "pause");
});

import assert from "node:assert/strict";
import { test } from "node:test";

import { EchoFilter } from "../../../api_service/static/widget/core/echo-filter.js";

const player = (now) => ({ paused: true, ended: false, seeking: false, currentTime: 0, playbackRate: 1, ...now });

test("what the widget asked for is never the viewer's command", () => {
  const filter = new EchoFilter();
  filter.expectPaused(false);
  assert.equal(filter.commandIn("play", player({ paused: false })), null);
  filter.expectPaused(true);
  assert.equal(filter.commandIn("pause", player({ paused: true })), null);
  filter.expectSeek(12);
  assert.equal(filter.commandIn("seeking", player({ seeking: true, currentTime: 12.04 })), null);
  filter.expectRate(1.03);
  assert.equal(filter.commandIn("ratechange", player({ playbackRate: 1.03 })), null);
});

test("what differs from it is the viewer's command", () => {
  const filter = new EchoFilter();
  assert.equal(filter.commandIn("play", player({ paused: false })), "play");
  filter.expectPaused(false);
  assert.equal(filter.commandIn("pause", player({ paused: true })), "pause");
  assert.equal(filter.commandIn("seeking", player({ seeking: true, currentTime: 40 })), "seek");
  assert.equal(filter.commandIn("ratechange", player({ playbackRate: 1.5 })), "set_rate");
});

test("events that come late, after the player went on, are no commands", () => {
  const filter = new EchoFilter();
  filter.expectPaused(false); // paused and started again within one task: the queued pause event finds a running player
  assert.equal(filter.commandIn("pause", player({ paused: false })), null);
  filter.expectSeek(5);
  filter.expectSeek(9); // two own seeks: the first one's event finds the player at the second place
  assert.equal(filter.commandIn("seeking", player({ seeking: true, currentTime: 9 })), null);
});

test("a viewer's seek to the place of an earlier own seek is still a command", () => {
  const filter = new EchoFilter();
  filter.expectSeek(10);
  filter.seekEnded();
  assert.equal(filter.commandIn("seeking", player({ seeking: true, currentTime: 10 })), "seek");
});

test("a viewer's seek during one of the widget's is a command", () => {
  const filter = new EchoFilter();
  filter.expectSeek(10);
  assert.equal(filter.commandIn("seeking", player({ seeking: true, currentTime: 70 })), "seek");
});

test("the end of the film and a pause by a hidden browser stop nobody else", () => {
  const filter = new EchoFilter();
  filter.expectPaused(false);
  assert.equal(filter.commandIn("pause", player({ ended: true })), null);
  assert.equal(filter.commandIn("pause", player({}), { hidden: true }), null);
  assert.equal(filter.commandIn("pause", player({}), { hidden: false }), "pause");
});

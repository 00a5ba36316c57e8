import assert from "node:assert/strict";
import { test } from "node:test";

import { Wishes } from "../../../api_service/static/widget/core/echo-filter.js";

const player = (now) => ({ paused: true, ended: false, seeking: false, currentTime: 0, playbackRate: 1, ...now });

test("what the widget asked for is never a wish", () => {
  const wishes = new Wishes();
  wishes.paused(false);
  assert.equal(wishes.read("play", player({ paused: false })), null);
  wishes.paused(true);
  assert.equal(wishes.read("pause", player({ paused: true })), null);
  wishes.seekTo(12);
  assert.equal(wishes.read("seeking", player({ seeking: true, currentTime: 12.04 })), null);
  wishes.rate(1.03);
  assert.equal(wishes.read("ratechange", player({ playbackRate: 1.03 })), null);
});

test("what differs from it is one", () => {
  const wishes = new Wishes();
  assert.equal(wishes.read("play", player({ paused: false })), "play");
  wishes.paused(false);
  assert.equal(wishes.read("pause", player({ paused: true })), "pause");
  assert.equal(wishes.read("seeking", player({ seeking: true, currentTime: 40 })), "seek");
  assert.equal(wishes.read("ratechange", player({ playbackRate: 1.5 })), "set_rate");
});

test("events that come late, after the player went on, are no wishes", () => {
  const wishes = new Wishes();
  wishes.paused(false); // paused and started again within one task: the queued pause event finds a running player
  assert.equal(wishes.read("pause", player({ paused: false })), null);
  wishes.seekTo(5);
  wishes.seekTo(9); // two own seeks: the first one's event finds the player at the second place
  assert.equal(wishes.read("seeking", player({ seeking: true, currentTime: 9 })), null);
});

test("a viewer's seek to the place of an earlier own seek is still a wish", () => {
  const wishes = new Wishes();
  wishes.seekTo(10);
  wishes.arrived();
  assert.equal(wishes.read("seeking", player({ seeking: true, currentTime: 10 })), "seek");
});

test("a viewer's seek during an own one is a wish", () => {
  const wishes = new Wishes();
  wishes.seekTo(10);
  assert.equal(wishes.read("seeking", player({ seeking: true, currentTime: 70 })), "seek");
});

test("the end of the film and a pause by a hidden browser stop nobody else", () => {
  const wishes = new Wishes();
  wishes.paused(false);
  assert.equal(wishes.read("pause", player({ ended: true })), null);
  assert.equal(wishes.read("pause", player({}), { hidden: true }), null);
  assert.equal(wishes.read("pause", player({}), { hidden: false }), "pause");
});

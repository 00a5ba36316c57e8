import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { Address, RENEW_BEFORE_MS, kindOf, moved } from "../../../api_service/static/widget/core/address.js";
import { hold, pass } from "./time.mjs";

beforeEach(hold);

const FILM = "https://films.example/a/film.m3u8?token=1";

/** An address whose time is in the test's hand, and how often a new one was asked for. */
function renewing(t, expiresInMs, answer = (n) => `https://films.example/a/film.m3u8?token=${n + 1}`) {
  const asked = [];
  mock.method(Date, "now", () => performance.now());
  const source = { url: FILM, ...(expiresInMs === null ? {} : { expires: performance.now() + expiresInMs }) };
  const address = new Address(source, async (why) => answer(asked.push(why)));
  t.after(() => address.stop());
  return { address, asked };
}

test("what is played is told by the type or the address", () => {
  assert.equal(kindOf({ url: FILM }), "hls");
  assert.equal(kindOf({ url: "/a/film.mpd#t=3" }), "dash");
  assert.equal(kindOf({ url: "/a/film.mp4?next=x.m3u8" }), "file");
  assert.equal(kindOf({ url: "/stream", type: "application/x-mpegURL" }), "hls");
  assert.equal(kindOf({ url: "/stream", type: "application/dash+xml" }), "dash");
});

test("a new address is asked for before the old one expires, and not without need", async (t) => {
  const { address, asked } = renewing(t, 2 * RENEW_BEFORE_MS + 10_000);
  await pass(RENEW_BEFORE_MS + 10_000 - 1);
  assert.equal(asked.length, 0);
  await pass(1);
  assert.deepEqual(asked, [{ status: null }]);
  assert.match(address.url, /token=2/);
  await pass(3 * RENEW_BEFORE_MS);
  assert.equal(asked.length, 1, "the new one does not expire");
});

test("an address without an end is renewed only after a refusal, once for all who ask together", async (t) => {
  const { address, asked } = renewing(t, null);
  await pass(RENEW_BEFORE_MS);
  assert.equal(asked.length, 0);
  assert.deepEqual(await Promise.all([address.renew(403), address.renew(403)]), [true, true]);
  assert.deepEqual(asked, [{ status: 403 }]);
});

test("a page that has no new address just now is asked again before the old one expires", async (t) => {
  const { address, asked } = renewing(t, 3 * RENEW_BEFORE_MS, (n) => {
    if (n === 1) throw new Error("no address just now");
    return "https://films.example/b/film.m3u8";
  });
  await pass(2 * RENEW_BEFORE_MS + 10_000);
  assert.equal(asked.length, 2);
  assert.equal(address.url, "https://films.example/b/film.m3u8");
});

test("requests of a stream under way follow its signature and its folder, and others stay as they are", () => {
  const to = "https://cdn.example/new/film.m3u8?Policy=x~y&Key=2";
  const cases = [
    ["https://films.example/a/seg1.ts?token=1", FILM, "https://films.example/a/film.m3u8?token=2", "https://films.example/a/seg1.ts?token=2"],
    ["https://films.example/a/seg1.ts", FILM, "https://films.example/a/film.m3u8?token=2", "https://films.example/a/seg1.ts"],
    ["https://films.example/a/q/seg1.ts?n=5&Key=1", "https://films.example/a/film.m3u8?Policy=x~y&Key=1", to, "https://cdn.example/new/q/seg1.ts?n=5&Key=2"],
    [FILM, FILM, to, to],
  ];
  for (const [url, from, now, expected] of cases) assert.equal(moved(url, from, now), expected);
  assert.equal(moved("https://keys.example/key", FILM, to), null);
});

test("requests for an address that was renewed twice go to the newest", async (t) => {
  const { address } = renewing(t, null);
  await address.renew(403);
  await address.renew(403);
  assert.equal(address.rewrite("https://films.example/a/seg1.ts?token=1"), "https://films.example/a/seg1.ts?token=3");
  assert.equal(address.rewrite("https://films.example/a/seg1.ts?token=2"), "https://films.example/a/seg1.ts?token=3");
});

test("who has no address yet is told one by refresh, and asks in vain until there is one", async (t) => {
  let answer = null;
  const asked = [];
  const address = new Address(null, async (why) => (asked.push(why), answer));
  t.after(() => address.stop());
  assert.deepEqual([address.url, address.kind], [null, null]);
  assert.equal(await address.renew(), false);
  await pass(3 * RENEW_BEFORE_MS);
  assert.deepEqual(asked, [{ status: null }], "whoever loads the film asks again");

  answer = { url: FILM, type: null, expires: null };
  assert.equal(await address.renew(), true);
  assert.deepEqual([address.url, address.kind], [FILM, "hls"]);
  assert.equal(address.rewrite("https://films.example/b.ts"), "https://films.example/b.ts");
  await pass(3 * RENEW_BEFORE_MS);
  assert.equal(asked.length, 2, "it does not expire");
});

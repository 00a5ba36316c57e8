import assert from "node:assert/strict";
import { test } from "node:test";

import { mentions, partsOf } from "../../../api_service/static/widget/core/message-parts.js";

const NAMES = { a: "Anna", ab: "Anna Белова", b: "Борис", c: "علی‌رضا" };

const addresses = (text) => partsOf(text).filter(({ kind }) => kind === "address");
const hosts = (text) => addresses(text).map(({ host }) => host);

/** The moments of a text, in seconds. */
const moments = (text, lengthMs) => partsOf(text, { lengthMs }).filter(({ kind }) => kind === "moment").map(({ positionMs }) => positionMs / 1000);

test("the parts of a message are its text, whatever they are", () => {
  for (const text of ["", "hello", "see https://a.example/x?y=1#z, at 1:07:23 @Anna!", "@@Anna 12:34 http://", "1:02:03:04 http:///x @", "👩🏽‍🚀 https://пример.рф/путь"]) {
    assert.equal(partsOf(text, { names: NAMES }).map((part) => part.text ?? part).join(""), text);
  }
});

test("addresses are links, of http and https only", () => {
  assert.deepEqual(partsOf("see https://a.example/x now"), ["see ", { kind: "address", text: "https://a.example/x", href: "https://a.example/x", host: "a.example", path: "/x" }, " now"]);
  assert.deepEqual(addresses("javascript:alert(1) data:text/html,x ftp://a.example file:///etc/passwd //a.example mailto:a@b.example"), []);
  assert.deepEqual(addresses("JavaScript://%0aalert(1) xhttps://a.example https://"), []);
  assert.equal(addresses('https://a.example/"onmouseover=alert(1)')[0].href, "https://a.example/");
  assert.equal(addresses("HTTPS://A.example:8443/x")[0].host, "a.example:8443");
});

test("what closes the sentence is not of the address", () => {
  const texts = (text) => addresses(text).map((part) => part.text);
  assert.deepEqual(texts("(https://a.example/x), https://a.example/y. «https://a.example/z»!"), ["https://a.example/x", "https://a.example/y", "https://a.example/z"]);
  assert.deepEqual(texts("https://a.example/Whale_(film) and https://a.example/?q=1?"), ["https://a.example/Whale_(film)", "https://a.example/?q=1"]);
});

test("a name before the host makes no link", () => {
  assert.deepEqual(addresses("https://bank.example@evil.example/ https://bank.example:x@evil.example"), []);
});

test("a host whose scripts mix is shown as machines write it", () => {
  assert.deepEqual(hosts("https://кино.рф/х https://KINO.example"), ["кино.рф", "kino.example"]);
  for (const fake of ["https://аpple.example/", "https://яндекс.com/", "https://раураӏ.com", "https://gооgle.example"]) {
    assert.match(hosts(fake)[0], /^xn--|\.xn--/, fake);
  }
  assert.deepEqual(hosts("https://日本語ひらがなカタカナ.みんな"), ["日本語ひらがなカタカナ.みんな"]);
});

test("moments are those of the film", () => {
  assert.deepEqual(moments("1:07:23 and 7:05, 0:00, (12:34) 100:00"), [4043, 425, 0, 754, 6000]);
  assert.deepEqual(moments("1:2 12:60 1:60:00 2026-11-30T12:34 12:34:56:78 v1:23 10:20/30 3.5:10 1:23.45"), []);
  assert.deepEqual(moments("see https://a.example/12:34 at 5:00"), [300]);
  assert.deepEqual(moments("59:59 1:00:00 1:00:01", 3_600_000), [3599, 3600]);
});

test("people are mentioned by the names they have", () => {
  const found = (text) => partsOf(text, { names: NAMES }).filter(({ kind }) => kind === "mention").map(({ id }) => id);
  assert.deepEqual(found("@Anna, @anna белова! @БОРИС @علی‌رضا"), ["a", "ab", "b", "c"]);
  assert.deepEqual(found("@Annabel mail@Anna @ Anna @Борисов @Никто"), []);
  assert.equal(mentions("hello @Anna", "a", NAMES), true);
  assert.equal(mentions("hello @Anna", "b", NAMES), false);
});

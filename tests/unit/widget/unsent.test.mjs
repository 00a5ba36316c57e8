import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { TEXT_EXPIRES_MS } from "../../../api_service/static/widget/core/commands.js";
import { KEPT_MS, MOST_ENTRIES, Unsent, forgetTexts } from "../../../api_service/static/widget/core/unsent.js";

const HELLO = { id: "1", text: "hello", at: 0 };

/** Set the browser's storage to one that keeps everything, has no room, or is denied altogether. */
function storage(kind) {
  const kept = {};
  const methods = {
    getItem: (key) => kept[key] ?? null,
    removeItem: (key) => void delete kept[key],
    setItem(key, text) {
      if (kind === "full") throw new Error("QuotaExceededError");
      kept[key] = text;
    },
  };
  for (const [name, value] of Object.entries(methods)) Object.defineProperty(kept, name, { value, configurable: true });
  const get = () => {
    if (kind === "denied") throw new Error("SecurityError");
    return kept;
  };
  Object.defineProperty(globalThis, "localStorage", { get, configurable: true });
  return kept;
}

beforeEach(() => storage("kept"));
afterEach(() => {
  forgetTexts();
  delete globalThis.localStorage;
});

for (const kind of ["kept", "full", "denied"]) {
  test(`texts last as long as they can where storage is ${kind}`, () => {
    const kept = storage(kind);
    const texts = new Unsent({ person: "anna", room: "r" });
    texts.draft = "a dra";
    texts.put(HELLO);
    texts.put({ ...HELLO, id: "2", at: Date.now(), replyTo: "m" });
    const again = new Unsent({ person: "anna", room: "r" });
    assert.equal(again.draft, "a dra");
    assert.deepEqual(again.entries.map(({ id, replyTo }) => [id, replyTo]), [["1", undefined], ["2", "m"]]);
    again.remove("1");
    assert.deepEqual(texts.entries.map(({ id }) => id), ["2"]);
    texts.remove("2");
    texts.draft = "";
    assert.deepEqual([texts.entries, texts.draft, Object.keys(kept)], [[], "", []]);
  });
}

test("what has become too much for the storage is not read from it any more", () => {
  const texts = new Unsent({ person: "anna", room: "r" });
  texts.draft = "short";
  const before = globalThis.localStorage;
  Object.defineProperty(before, "setItem", { value: () => { throw new Error("QuotaExceededError"); } });
  texts.draft = "long";
  assert.equal(texts.draft, "long");
});

test("nobody has another person's texts, nor those for another room", () => {
  new Unsent({ person: "anna", room: "r" }).put(HELLO);
  new Unsent({ person: "anna", room: "r" }).draft = "secret";
  for (const other of [{ person: "boris", room: "r" }, { person: "anna", room: "s" }]) {
    assert.deepEqual([new Unsent(other).entries, new Unsent(other).draft], [[], ""]);
  }
});

test("whoever signs out leaves no text behind, and nothing else is lost", () => {
  const kept = storage("kept");
  localStorage.setItem("movie-together.waits", "no");
  for (const person of ["anna", "boris"]) new Unsent({ person, room: "r" }).draft = "secret";
  forgetTexts();
  assert.deepEqual(Object.keys(kept), ["movie-together.waits"]);
  storage("denied");
  const texts = new Unsent({ person: "anna", room: "r" });
  texts.draft = "secret";
  forgetTexts();
  assert.equal(texts.draft, "");
});

test("texts that were left for a day are forgotten, and only the last ones are kept", () => {
  let now = 1_000;
  const texts = new Unsent({ person: "anna", room: "r", nowMs: () => now });
  for (let n = 0; n < MOST_ENTRIES + 5; n += 1) texts.put({ id: String(n), text: "x", at: now });
  assert.deepEqual([texts.entries.length, texts.entries[0].id], [MOST_ENTRIES, "5"]);
  now += KEPT_MS - 1;
  assert.equal(texts.entries.length, MOST_ENTRIES);
  now += 1;
  assert.equal(texts.entries.length, 0);
});

test("a message is repeated by itself for as long as its id is remembered", () => {
  let now = 0;
  const texts = new Unsent({ person: "anna", room: "r", nowMs: () => now });
  now = TEXT_EXPIRES_MS - 1;
  assert.equal(texts.repeatable(HELLO), true);
  now += 1;
  assert.equal(texts.repeatable(HELLO), false);
});

test("another program's value under our key is nothing", () => {
  for (const value of ["{", "7", "null", "[]", '{"at":1}', JSON.stringify({ at: Date.now(), entries: 7 })]) {
    const kept = storage("kept");
    new Unsent({ person: "anna", room: "r" }).draft = "x";
    kept[Object.keys(kept)[0]] = value;
    assert.deepEqual([new Unsent({ person: "anna", room: "r" }).entries, new Unsent({ person: "anna", room: "r" }).draft], [[], ""], value);
  }
});

import assert from "node:assert/strict";
import { test } from "node:test";

import { insteadOf, listed, offered } from "../../../api_service/static/js/caption-choices.js";

const track = (language, label, { kind = "subtitles", ours = false } = {}) => ({ language, label, kind, ours });
const isCatalogued = ({ ours }) => ours;
const labels = (tracks) => offered(tracks, isCatalogued).map(({ label }) => label);

test("of one language and kind the catalogue's captions go before the stream's", () => {
  const ours = track("ru", "Русский", { ours: true });
  const streams = track("ru-RU", "Russian");

  assert.deepEqual(labels([streams, track("en", "English"), ours]), ["English", "Русский"]);
  assert.equal(insteadOf(streams, [streams, ours], isCatalogued), ours);
  assert.equal(insteadOf(ours, [streams, ours], isCatalogued), null);
});

test("captions for who does not hear, other languages and other forms of a language stay beside them", () => {
  const all = [track("ru", "Русский", { kind: "captions" }), track("pt-BR", "Brasileiro"), track("", "?"), track("uk", "Українська")];
  const ours = [track("ru", "Русский", { ours: true }), track("pt-PT", "Português", { ours: true })];

  assert.deepEqual(offered([...all, ...ours], isCatalogued), [...all, ...ours]);
});

test("a film whose captions are the stream's alone, or the catalogue's, loses none", () => {
  for (const ours of [false, true]) {
    const all = [track("ru", "Русский", { ours }), track("ru", "Русский, полные", { ours })];
    assert.deepEqual(offered(all, isCatalogued), all);
  }
});

test("a menu lists each language and kind once, also where both have the same label", () => {
  const all = [track("ru", "Русский"), track("en", "English"), track("ru", "Русский", { ours: true })];
  const entries = all.map(({ kind, language, label }) => ({ kind, language, label }));

  assert.deepEqual(listed(entries, all, isCatalogued).map(({ label }) => label), ["Русский", "English"]);
  const other = [track("ru", "Russian"), track("ru", "Русский", { ours: true })];
  assert.deepEqual(listed(other.map((one) => ({ ...one })), other, isCatalogued).map(({ label }) => label), ["Русский"]);
});

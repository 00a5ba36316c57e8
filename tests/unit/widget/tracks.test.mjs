import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.MediaSource ??= class {};
const { tracksOf } = await import("../../../api_service/static/widget/streams/tracks.js");

const SOUNDS = [{ label: "English" }, { label: "Русский" }];

test("whoever fills the list anew with each of its events, as Shaka Player makes us do, comes to an end", () => {
  const { sound } = tracksOf({});
  const told = [];
  const fill = () => sound.fill(SOUNDS.map((one) => ({ ...one })), { selected: 1 });
  for (const type of ["addtrack", "removetrack", "change"]) {
    sound.addEventListener(type, () => {
      assert.ok(told.push(type) < 10, "no end");
      fill();
    });
  }

  fill();

  assert.deepEqual(told, ["addtrack"]);
  assert.deepEqual([...sound].map(({ label, enabled }) => [label, enabled]), [["English", false], ["Русский", true]]);
});

test("another choice in the same list is told once, and another list as new tracks", () => {
  const { sound } = tracksOf({});
  const told = [];
  for (const type of ["addtrack", "removetrack", "change"]) sound.addEventListener(type, () => told.push(type));

  sound.fill(SOUNDS, { selected: 0 });
  sound.fill(SOUNDS, { selected: 1 });
  sound.fill([...SOUNDS, { label: "Deutsch" }], { selected: 1 });
  sound.fill([]);

  assert.deepEqual(told, ["addtrack", "change", "addtrack", "removetrack"]);
});

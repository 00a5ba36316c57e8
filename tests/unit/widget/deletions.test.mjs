import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { Deletions, UNDO_MS } from "../../../api_service/static/widget/ui/deletions.js";

let deletions;
let asked;
let answers;

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
  asked = [];
  answers = [];
  deletions = new Deletions({
    changed: () => {},
    due: (id) => {
      asked.push(id);
      return new Promise((resolve, reject) => answers.push({ resolve, reject }));
    },
  });
});

test("a message is deleted once nobody has undone it", async () => {
  deletions.add("a");
  deletions.add("a");
  assert.deepEqual([deletions.has("a"), deletions.undoable("a"), asked], [true, true, []]);
  mock.timers.tick(UNDO_MS - 1);
  assert.deepEqual(asked, []);
  mock.timers.tick(1);
  assert.deepEqual([deletions.has("a"), deletions.undoable("a"), asked], [true, false, ["a"]]);
});

test("what was undone stays, and can be deleted again", () => {
  deletions.add("a");
  deletions.undo("a");
  mock.timers.tick(UNDO_MS);
  assert.deepEqual([deletions.has("a"), asked], [false, []]);
  deletions.add("a");
  mock.timers.tick(UNDO_MS);
  assert.deepEqual(asked, ["a"]);
});

test("a refused one is there again", async () => {
  deletions.add("a");
  mock.timers.tick(UNDO_MS);
  deletions.undo("a");
  assert.equal(deletions.has("a"), true, "the room was asked already");
  answers[0].reject(new Error("forbidden"));
  await Promise.resolve();
  await Promise.resolve();
  assert.equal(deletions.has("a"), false);
});

test("whoever leaves has all deleted at once", () => {
  deletions.add("a");
  deletions.add("b");
  deletions.flush();
  mock.timers.tick(UNDO_MS);
  assert.deepEqual(asked, ["a", "b"]);
});

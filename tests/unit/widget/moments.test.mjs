import assert from "node:assert/strict";
import { test } from "node:test";

import { momentText, untilText } from "../../../api_service/static/widget/ui/moments.js";

const NOW = new Date(2026, 10, 30, 23, 30);
// ICU puts narrow spaces before AM and PM.
const said = (when, lang) => momentText(when, lang, NOW).replace(/\s/g, " ");

test("days that are near have names, by the viewer's own midnight", () => {
  assert.equal(said(new Date(2026, 10, 30, 23, 45), "ru"), "сегодня в 23:45");
  assert.equal(said(new Date(2026, 11, 1, 0, 15), "ru"), "завтра в 0:15");
  assert.equal(said(new Date(2026, 10, 29, 21, 0), "en"), "yesterday at 9:00 PM");
  assert.equal(said(new Date(2026, 11, 1, 21, 0), "en"), "tomorrow at 9:00 PM");
});

test("later days are told by weekday and date, far ones by their year", () => {
  assert.equal(said(new Date(2026, 11, 5, 21, 0), "en"), "Saturday, December 5 at 9:00 PM");
  assert.match(said(new Date(2026, 11, 5, 21, 0), "ru"), /^суббота, 5 декабря в 21:00$/);
  assert.match(said(new Date(2027, 0, 9, 21, 0), "en"), /^Saturday, January 9/, "six weeks ahead the year is plain");
  assert.match(said(new Date(2027, 9, 9, 21, 0), "en"), /2027/);
});

test("what is left is told by the second within a day, beyond it by days and hours", () => {
  assert.equal(untilText(500, "en"), "0:01");
  assert.equal(untilText(65_000, "en"), "1:05");
  assert.equal(untilText(3_600_000, "en"), "1:00:00");
  assert.equal(untilText(86_399_001, "ru"), "1 день");
  assert.equal(untilText(2 * 86_400_000 + 3 * 3_600_000, "ru"), "2 дня 3 часа");
  assert.equal(untilText(5 * 86_400_000, "en"), "5 days");
});

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "node:test";

const WIDGET = fileURLToPath(new URL("../../../api_service/static/widget/", import.meta.url));

/** Names of the page that core must not use. The media element is given to it, and behaves like an adapter (adapter.mjs). */
const PAGE = /\b(document|window|customElements|HTML\w*Element|ShadowRoot|CSSStyleSheet|querySelector\w*|requestAnimationFrame)\b/;
const IMPORT = /\b(?:import|export)\b[^;]*?\bfrom\s*"([^"]+)"|\bimport\s*\(?\s*"([^"]+)"/g;

/** Return a source text without comments and strings. */
const code = (source) => source.replace(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*|"(?:\\.|[^"\\])*"|'[^']*'/g, "");

/** Return what a module of core imports from outside of core, and the names of the page that it uses. */
function breaches(path, source) {
  const imported = [...source.matchAll(IMPORT)].map(([, from, direct]) => from ?? direct);
  const outside = imported.filter((one) => !one.startsWith(".") || dirname(normalize(join(dirname(path), one))) !== dirname(path));
  const names = code(source).match(new RegExp(PAGE, "g")) ?? [];
  return [...outside.map((one) => `imports ${one}`), ...names.map((name) => `uses ${name}`)];
}

test("core imports nothing from outside of core, and uses nothing of the page", () => {
  const folder = join(WIDGET, "core");
  const modules = readdirSync(folder);
  assert.ok(modules.length > 10, "core was found");
  for (const name of modules) {
    const path = join(folder, name);
    assert.deepEqual(breaches(path, readFileSync(path, "utf8")), [], name);
  }
});

test("the check notices an import from ui and a use of the page", () => {
  const path = join(WIDGET, "core", "player.js");
  for (const line of ['import { make } from "../ui/look.js";', 'export { make } from "../ui/look.js";', 'const ui = await import("../ui/look.js");', 'import "three";']) {
    assert.equal(breaches(path, `import { Drift } from "./drift.js";\n${line}`).length, 1, line);
  }
  for (const line of ["globalThis.document?.hidden;", "class Player extends HTMLElement {}", "window.setTimeout(tick);"]) {
    assert.equal(breaches(path, line).length, 1, line);
  }
  assert.deepEqual(breaches(path, '// document and window\nconst text = "a window";\nsetTimeout(tick, 5);'), []);
});

test("every module that a module of the widget imports is there", () => {
  const missing = [];
  const imports = ["", "core", "streams", "ui"].flatMap((folder) => readdirSync(join(WIDGET, folder)).filter((name) => name.endsWith(".js"))
    .flatMap((name) => [...readFileSync(join(WIDGET, folder, name), "utf8").matchAll(IMPORT)]
      .map(([, from, direct]) => ({ by: name, path: normalize(join(WIDGET, folder, from ?? direct)) }))));
  assert.ok(imports.length > 50, "imports were found");
  for (const { by, path } of imports) {
    if (!readdirSync(dirname(path)).includes(basename(path))) missing.push(`${by}: ${path}`);
  }
  assert.deepEqual(missing, []);
});

// Bundles what the site's pages load: `node build.mjs FOLDER`.
//
// Templates say what there is: {{ script("js/room.js") }} is a module, {{ asset("css/room.css") }} a style, a classic script or a picture.
// Each file gets its content's hash into its name and a .br and .gz beside it. Modules are built once a language, with its texts alone; what
// several pages load is a file of its own, unless it is also part of a module that few viewers need (ALONE). manifest.json has of each language, by the name in the templates:
//   files: the file and whatever it imports, to be loaded at once;  words: the names of texts that its sources may ask for.

import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";

import { build } from "esbuild";

import { ROOT, librariesAt, rewriting } from "../widget/vendor.mjs";
import { precompress } from "./precompress.mjs";

const STATIC = join(ROOT, "api_service/static");
const TEMPLATES = join(ROOT, "api_service/templates");
const LANGUAGES = ["en", "ru"];

/**
 * Modules that are loaded late, if at all: each is one file with copies of what it shares with others. In files of their own those parts would cost
 * every page a request more.
 */
const ALONE = ["js/film-menu.js"];

/**
 * Modules of a few hundred bytes, each with those of its users that get a copy of their own: as files that users share they would cost a page a
 * request each.
 */
const COPIED = {
  "js/local-time.js": ["js/film.js"],
  "js/moments.js": ["js/in-place.js"],
  "js/page-texts.js": ["js/media-chrome-texts.js"],
  "widget/ui/moments.js": ["js/moments.js"],
};

/** As in the templates: the function's name, then its arguments. */
const NAMED = /\b(script|asset)\(((?:"[^"]+"(?:, )?)+)\)/g;

function namedInTemplates() {
  const names = { script: new Set(), asset: new Set() };
  for (const template of readdirSync(TEMPLATES)) {
    for (const [, how, given] of readFileSync(join(TEMPLATES, template), "utf8").matchAll(NAMED)) {
      names[how].add(given.split('"')[1]); // of a module the other ones are imported by it
    }
  }
  return names;
}

/** Modules called NAME-LANGUAGE.js have one export each, a language's texts: whoever asks for another language's gets the page's. */
const inLanguage = (lang) => ({
  name: "one language",
  setup({ onLoad }) {
    onLoad({ filter: /-(?:en|ru)\.js$/ }, ({ path }) => {
      const own = path.replace(/(?:en|ru)\.js$/, `${lang}.js`);
      if (own === path) return undefined;
      const contents = existsSync(own) ? `export { ${exportOf(own)} as ${exportOf(path)} } from "./${basename(own)}";` : `export const ${exportOf(path)} = {};`;
      return { contents, loader: "js", resolveDir: dirname(path) };
    });
  },
});

/** Modules that were built alone are imported by the names of their files. */
const builtAlone = (outputs) => ({
  name: "alone",
  setup({ onResolve }) {
    for (const [path, { entryPoint }] of Object.entries(outputs)) {
      if (entryPoint) onResolve({ filter: new RegExp(`/${basename(entryPoint)}$`) }, () => ({ path: `./${basename(path)}`, external: true }));
    }
  },
});

/** A copy is a module of its own for esbuild: it stands in a namespace called by its user, who may be a copy too. */
const copied = {
  name: "copied",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^\.\.?\// }, ({ path, importer, namespace, resolveDir }) => {
      const module = join(resolveDir, path);
      const user = relative(STATIC, importer);
      return COPIED[relative(STATIC, module)]?.includes(user) ? { path: module, namespace: `${namespace} ${user}` } : undefined;
    });
    for (const module of Object.keys(COPIED)) {
      const file = join(STATIC, module);
      onLoad({ filter: new RegExp(`/${module}$`) }, () => ({ contents: readFileSync(file, "utf8"), loader: "js", resolveDir: dirname(file) }));
    }
  },
};

const exportOf = (path) => readFileSync(path, "utf8").match(/^export const (\w+)/m)[1];

/** What the sources import from …/vendor/ is there once the site runs; before, it is in build/assets. */
const vendored = {
  name: "vendor",
  setup({ onResolve }) {
    onResolve({ filter: /^\.\.\/vendor\// }, ({ path }) => ({ path: join(ROOT, "build/assets", path.replace("../vendor/", "")) }));
  },
};

/** Return the names of texts in a source, or what they begin with: `text("line.live")` as well as `text(`line.${state}`)`. */
const wordsIn = (source) => [...source.matchAll(/["'`]([a-z][a-z_.]*)(?:["'`]|\$\{)/g)].map(([, word]) => word);

function describe({ outputs }) {
  const of = (path) => basename(path);
  const described = {};
  for (const [path, { entryPoint }] of Object.entries(outputs)) {
    if (!entryPoint) continue;
    const files = new Set();
    const words = new Set();
    const visit = (one, { soon }) => {
      if (soon) files.add(of(one));
      for (const source of Object.keys(outputs[one].inputs)) {
        if (source.startsWith("api_service/static/js/")) for (const word of wordsIn(readFileSync(join(ROOT, source), "utf8"))) words.add(word);
      }
      for (const { path: imported, kind } of outputs[one].imports) {
        if (outputs[imported] && !files.has(of(imported))) visit(imported, { soon: soon && kind === "import-statement" });
      }
    };
    visit(path, { soon: true });
    described[relative(STATIC, join(ROOT, entryPoint))] = { files: [...files], words: [...words].sort() };
  }
  return described;
}

async function buildPages(folder) {
  const { script, asset } = namedInTemplates();
  const common = {
    bundle: true, minify: true, metafile: true, outdir: folder, absWorkingDir: ROOT, charset: "utf8", legalComments: "none", logLevel: "warning",
    entryNames: "[name]-[hash]", chunkNames: "[name]-[hash]", target: "es2022", loader: { ".svg": "copy" }, sourcemap: true,
  };
  const at = (names) => [...names].map((name) => join(STATIC, name));
  const plain = await build({ ...common, entryPoints: at(asset), format: "iife" });
  const manifest = {};
  for (const lang of LANGUAGES) {
    const plugins = [copied, inLanguage(lang), vendored, rewriting(librariesAt("../vendor/"))];
    const alone = await build({ ...common, entryPoints: at(ALONE), format: "esm", plugins });
    const others = [builtAlone(alone.metafile.outputs), ...plugins];
    const modules = await build({ ...common, entryPoints: at(script), format: "esm", splitting: true, plugins: others });
    manifest[lang] = { ...describe(plain.metafile), ...describe(modules.metafile) };
  }
  writeFileSync(join(folder, "manifest.json"), `${JSON.stringify(manifest, null, 1)}\n`);
  await precompress(folder);
}

const [folder] = process.argv.slice(2);
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
await buildPages(folder);

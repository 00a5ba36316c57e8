/** Where the widget's sources name the libraries that a film may need, as plain files of npm: below …/vendor/. */

import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

/** Its groups are the package's name, its scope, and the file's path in the package. */
export const VENDOR = /new URL\("(?:\.\.\/)+vendor\/((@[\w.-]+\/)?[\w.-]+)(\/[^"]*)", import\.meta\.url\)/g;

const versionOf = (name) => JSON.parse(readFileSync(join(ROOT, "node_modules", name, "package.json"), "utf8")).version;

/** Return a source that has its libraries below `vendor`, as seen from the bundle; their version makes the address immutable. */
export const librariesAt = (vendor) => (source) =>
  source.replace(VENDOR, (_, name, __, file) => `new URL("${vendor}${name}${file}?v=${versionOf(name)}", import.meta.url)`);

/** Return the plugin for esbuild that rewrites the widget's sources. */
export const rewriting = (rewrite) => ({
  name: "addresses",
  setup({ onLoad }) {
    onLoad({ filter: /static\/widget\/.*\.js$/ }, ({ path }) => ({ contents: rewrite(readFileSync(path, "utf8")), loader: "js" }));
  },
});

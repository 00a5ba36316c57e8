// Bundles the widget with esbuild: `node build.mjs v1 FOLDER` for the site, `node build.mjs package FOLDER` for npm.
//
// For the site: each bundle under a name with its content's hash, a source map, and the stable names that lead to them.

import { createHash } from "node:crypto";
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

import { build } from "esbuild";

import { precompress } from "../pages/precompress.mjs";
import { ROOT, VENDOR, librariesAt, rewriting } from "./vendor.mjs";

const PACKAGE = join(ROOT, "deploy/widget/package");
const SOURCES = join(ROOT, "api_service/static/widget");

/** The bundles: the player with what gets it in and attaches sources, and what stands beside it. */
const BUNDLES = {
  player: 'export * from "./movie-together.js";',
  companions: 'export * from "./chat.js"; export * from "./people.js"; export * from "./reactions.js";',
};

/** The API, where the module of the site finds it; a package's page names it by the attribute `api`, unless it is the site's own. */
const API = 'new URL("../../api/v1", import.meta.url)';

/** Bundlers would look for these files; in a package libraries come from whoever uses it, by their names. */
const ofThePackage = (source) => source.replace(VENDOR, (_, name) => JSON.stringify(name)).replace(API, 'new URL("/api/v1", location.href)');

/** From /widget/v1/ the libraries are where the site has them. */
const ofTheSite = librariesAt("../../static/vendor/");

const COMMON = {
  bundle: true, format: "esm", target: "es2022", minify: true, sourcemap: true, sourcesContent: true, write: false, charset: "utf8",
  legalComments: "none", absWorkingDir: ROOT, logLevel: "warning",
};

async function bundle(entry, options) {
  const { outputFiles } = await build({ ...COMMON, ...options, ...entry, outfile: "bundle.js" });
  const text = (ending) => outputFiles.find(({ path }) => path.endsWith(ending)).text;
  return { code: text(".js").replace(/\n\/\/# sourceMappingURL=.*\n?$/, "\n"), map: text(".js.map") };
}

async function buildForTheSite(folder) {
  const manifest = {};
  for (const [name, contents] of Object.entries(BUNDLES)) {
    const { code, map } = await bundle({ stdin: { contents, resolveDir: SOURCES } }, { plugins: [rewriting(ofTheSite)] });
    const file = `${name}-${createHash("sha256").update(code).digest("hex").slice(0, 16)}.js`;
    const mapped = `${code}//# sourceMappingURL=${file}.map\n`;
    writeFileSync(join(folder, file), mapped);
    writeFileSync(join(folder, `${file}.map`), map);
    // Subresource Integrity (W3C), for pages that name the hashed file.
    manifest[name] = { file, integrity: `sha384-${createHash("sha384").update(mapped).digest("base64")}` };
  }
  const reexport = (name) => `export * from "./${manifest[name].file}";\n`;
  writeFileSync(join(folder, "movie-together.js"), reexport("player") + reexport("companions"));
  for (const name of Object.keys(BUNDLES)) writeFileSync(join(folder, `${name}.js`), reexport(name));
  copyFileSync(join(SOURCES, "load-guard.js"), join(folder, "load-guard.js"));
  writeFileSync(join(folder, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  await precompress(folder);
}

/** Each module of the package; libraries stay imports by name, for the bundler of whoever uses it. */
async function buildPackage(folder) {
  const names = readdirSync(PACKAGE);
  const modules = names.filter((one) => one.endsWith(".js")).map((one) => join(PACKAGE, one));
  for (const path of modules) {
    const { code, map } = await bundle({ entryPoints: [path] }, { minify: false, external: ["hls.js", "shaka-player"], plugins: [rewriting(ofThePackage)] });
    writeFileSync(join(folder, basename(path)), `${code}//# sourceMappingURL=${basename(path)}.map\n`);
    writeFileSync(join(folder, `${basename(path)}.map`), map);
  }
  execFileSync(process.execPath, [
    join(ROOT, "node_modules/typescript/bin/tsc"), ...modules, "--allowJs", "--declaration", "--emitDeclarationOnly", "--skipLibCheck",
    "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler", "--lib", "es2024,dom,dom.iterable", "--types", "",
    "--rootDir", ROOT, "--outDir", join(folder, "types"),
  ], { stdio: ["ignore", "inherit", "inherit"] });
  for (const name of names.filter((one) => !one.endsWith(".js"))) copyFileSync(join(PACKAGE, name), join(folder, name));
  copyFileSync(join(ROOT, "LICENSE"), join(folder, "LICENSE"));
}

const [what, folder] = process.argv.slice(2);
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
await (what === "package" ? buildPackage : buildForTheSite)(folder);

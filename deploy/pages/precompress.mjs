/** Puts a .br and a .gz beside each text that browsers load, for the service to send as they are: `node precompress.mjs FOLDER …`. */

import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const TEXTS = /\.(?:css|js|mjs|svg)$/;

/** Of a smaller file the answer's head is the greater part. */
const WORTH_BYTES = 512;

const brotli = promisify(brotliCompress);
const CODINGS = {
  ".br": (bytes) => brotli(bytes, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }), // at its best by default
  ".gz": (bytes) => promisify(gzip)(bytes, { level: 9 }),
};

/** Compress the texts in a folder and below. */
export async function precompress(folder) {
  const files = readdirSync(folder, { recursive: true }).filter((name) => TEXTS.test(name)).map((name) => join(folder, name));
  await Promise.all(files.flatMap((file) => {
    const bytes = readFileSync(file);
    if (bytes.length < WORTH_BYTES) return [];
    return Object.entries(CODINGS).map(async ([ending, code]) => writeFileSync(file + ending, await code(bytes)));
  }));
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const folder of process.argv.slice(2)) await precompress(folder);
}

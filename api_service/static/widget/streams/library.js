/** The player libraries: the page's own, or ours from npm, loaded only when a stream needs them. */

/** This browser cannot play such a source, however often it tries. */
export class Unplayable extends Error {}

/**
 * Resolve to a library: `given` (it itself, or a function that imports it; `isLibrary(given)` tells the two apart) or ours at `url`. A browser
 * may keep a failed import, so each attempt has an address of its own.
 */
export async function library(given, url, { attempt, isLibrary }) {
  const ours = () => import(attempt > 1 ? `${url}${String(url).includes("?") ? "&" : "?"}attempt=${attempt}` : url);
  const found = given && isLibrary(given) ? given : await (given ?? ours)();
  return found.default ?? found;
}

/** Texts kept by the browser over pages; where it denies that (storage switched off, or full) they last as long as the page. */

const page = new Map();

/** Return the text stored under `key`, or null. */
export function load(key) {
  return stored(key) ?? page.get(key) ?? null;
}

function stored(key) {
  try {
    return globalThis.localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** Store a text under `key`, or remove it (null). */
export function save(key, text) {
  page.delete(key);
  try {
    // What is there from before must not outlive what there is no room for.
    globalThis.localStorage.removeItem(key);
    if (text !== null) globalThis.localStorage.setItem(key, text);
  } catch {
    if (text !== null) page.set(key, text);
  }
}

/** Remove whatever is stored under keys that begin so. */
export function forget(prefix) {
  for (const key of page.keys()) if (key.startsWith(prefix)) page.delete(key);
  try {
    for (const key of Object.keys(globalThis.localStorage)) if (key.startsWith(prefix)) globalThis.localStorage.removeItem(key);
  } catch {
    // What is denied holds nothing.
  }
}

/** Texts kept by the browser over pages; without storage (it may be switched off) they are forgotten with the page. */

/** Return the text stored under `key`, or null. */
export function load(key) {
  try {
    return globalThis.localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** Store a text under `key`, if the browser allows it. */
export function save(key, text) {
  try {
    globalThis.localStorage.setItem(key, text);
  } catch {
    // Storage is switched off or full.
  }
}

/** What a message is made of: text, addresses, moments of the film, and mentions of people. */

/** An address as it is written, up to a space or a character that addresses have only in encoded form. */
const ADDRESS = /\bhttps?:\/\/[^\s<>"`{}|\\^\u0000-\u001f]+/giu;

/** What closes the sentence around an address, and not the address. */
const CLOSING = /[.,;:!?…'"»”’)\]]$/u;

/**
 * A moment: minutes and seconds, or hours with two digits of each; not a part of a longer number, a date or a ratio. What stands before
 * it is matched with it: Safari before 16.4 knows no lookbehind, and would not even read this file.
 */
const MOMENT = /(^|[^\p{L}\p{N}:.,/-])(?:(\d{1,2}):([0-5]\d):([0-5]\d)|(\d{1,3}):([0-5]\d))(?![\p{L}\p{N}:/]|[.,-]\d)/gu;

/** Letters that stand together in one way of writing; whatever else stands together mixes scripts. */
const WRITINGS = [
  "Latin", "Cyrillic", "Greek", "Armenian", "Georgian", "Hebrew", "Arabic", "Devanagari", "Bengali", "Tamil", "Thai",
].map((script) => new RegExp(`^[\\p{Script=${script}}\\p{M}]*$`, "u")).concat(
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]*$/u,
  /^[\p{Script=Hangul}\p{Script=Han}]*$/u,
);

/**
 * Return the parts of a message's text in order: strings, and {kind: "address", text, href, host, path}, {kind: "moment", text, positionMs} and
 * {kind: "mention", text, id}. `names` are the names by id of those who may be mentioned, `lengthMs` is the film's length: a moment beyond
 * it is none.
 */
export function partsOf(text, { names = {}, lengthMs = Infinity } = {}) {
  const found = [...addressesIn(text), ...momentsIn(text, lengthMs), ...mentionsIn(text, names)].sort((a, b) => a.at - b.at);
  const parts = [];
  let end = 0;
  for (const { at, ...part } of found) {
    if (at < end) continue; // within an address, say
    if (at > end) parts.push(text.slice(end, at));
    parts.push(part);
    end = at + part.text.length;
  }
  if (end < text.length) parts.push(text.slice(end));
  return parts;
}

/** Return whether a text mentions the person `id`. */
export function mentions(text, id, names) {
  return partsOf(text, { names }).some((part) => part.kind === "mention" && part.id === id);
}

function addressesIn(text) {
  return [...text.matchAll(ADDRESS)].flatMap(({ 0: written, index }) => {
    const address = withoutClosing(written);
    const url = urlOf(address);
    // A name before the host is not what the host is: bank.example@evil.example leads to the latter.
    if (!url || !url.hostname || url.username || url.password) return [];
    return [{ at: index, kind: "address", text: address, href: url.href, host: shownHost(address, url), path: pathOf(address) }];
  });
}

function urlOf(address) {
  try {
    return new URL(address);
  } catch {
    return null;
  }
}

/** Return an address without the end of the sentence around it; a bracket that was opened in the address stays. */
function withoutClosing(address) {
  let text = address;
  while (CLOSING.test(text)) {
    const last = text.at(-1);
    const opening = { ")": "(", "]": "[" }[last];
    if (opening && text.split(opening).length >= text.split(last).length) break;
    text = text.slice(0, -1);
  }
  return text;
}

/** Return what follows the host in an address, as it is written. */
function pathOf(address) {
  return address.replace(/^https?:\/\/[^/?#]*/iu, "");
}

/** Return the host as its owners write it where all its letters are of one script, else as machines do (punycode). */
function shownHost(address, url) {
  if (!url.hostname.includes("xn--")) return url.host;
  const written = address.replace(/^https?:\/\//iu, "").split(/[/?#]/u)[0].normalize("NFC").toLowerCase();
  const letters = written.replace(/[^\p{L}\p{M}]/gu, "");
  const isOne = WRITINGS.some((writing) => writing.test(letters));
  // A host that was written in punycode has nothing to be shown instead.
  return isOne && !written.includes("xn--") && !/[%\u200c\u200d]/u.test(written) ? written : url.host;
}

function momentsIn(text, lengthMs) {
  return [...text.matchAll(MOMENT)].flatMap(({ 0: all, 1: before, index, ...at }) => {
    const [hours, minutes, seconds] = at[2] === undefined ? [0, at[5], at[6]] : [at[2], at[3], at[4]];
    const positionMs = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
    return positionMs <= lengthMs ? [{ at: index + before.length, kind: "moment", text: all.slice(before.length), positionMs }] : [];
  });
}

/** Return the mentions in a text: "@" and a name as it is written here, the longest that fits. */
function mentionsIn(text, names) {
  if (!text.includes("@")) return [];
  const people = Object.entries(names).filter(([, name]) => name).sort(([, a], [, b]) => b.length - a.length);
  return [...text.matchAll(/@/g)].flatMap(({ index }) => {
    if (/[\p{L}\p{N}]$/u.test(text.slice(0, index))) return []; // an e-mail address
    const rest = text.slice(index + 1);
    const mentioned = people.find(([, name]) => begins(rest, name));
    return mentioned ? [{ at: index, kind: "mention", text: text.slice(index, index + 1 + mentioned[1].length), id: mentioned[0] }] : [];
  });
}

/** Return whether a text begins with a name, however it is capitalized, and the name ends there. */
function begins(text, name) {
  if (text.slice(0, name.length).toLowerCase() !== name.toLowerCase()) return false;
  return !/^[\p{L}\p{N}\p{M}]/u.test(text.slice(name.length));
}

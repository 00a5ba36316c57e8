/**
 * A film's address, which may expire. The page says in `refresh` how to get another one; it is asked before the old one expires and after
 * a refusal. The requests of a stream under way are brought to the new address, so that it goes on without a break.
 */

/** Answers that mean that an address is not valid any more. */
export const REFUSALS = Object.freeze([401, 403, 410]);

/** A new address is asked for so long before the old one expires, but not before half of its time is over. */
export const RENEW_BEFORE_MS = 30_000;

/** After `refresh` failed it is asked again after this time. */
const ASK_AGAIN_MS = 5_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export class Address {
  #source;
  #refresh;
  #earlier = [];
  #asking = null;
  #timer = null;

  /**
   * `source` is an address, {url, type, expires}, or null if `refresh` is to be asked for the first one too; `refresh({status})` resolves to
   * another one (status null: there is none, or it is about to expire).
   */
  constructor(source, refresh) {
    this.#source = source === null && refresh ? { url: null } : asSource(source);
    this.#refresh = refresh;
    this.#schedule();
  }

  /** The address that is valid now, null while there is none. */
  get url() {
    return this.#source.url;
  }

  /** "hls", "dash" or "file"; null while there is no address. */
  get kind() {
    return this.url === null ? null : kindOf(this.#source);
  }

  /** Whether it can be renewed. */
  get renewable() {
    return Boolean(this.#refresh);
  }

  /** Ask for a new address after an answer of `status`; resolve to whether there is one. */
  async renew(status = null) {
    if (!this.#refresh) return false;
    this.#asking ??= this.#ask(status);
    return this.#asking;
  }

  /** Return where to send a request for `url`, which a playlist or an earlier address has led to. */
  rewrite(url) {
    const addresses = [...this.#earlier, this.url];
    return this.#earlier.reduce((found, earlier, n) => moved(found, earlier, addresses[n + 1]) ?? found, url);
  }

  /** Ask no more. */
  stop() {
    clearTimeout(this.#timer);
    this.#refresh = null;
  }

  async #ask(status) {
    try {
      const source = asSource(await this.#refresh({ status }));
      if (this.url !== null) this.#earlier.push(this.url);
      this.#source = { type: this.#source.type, ...source };
      this.#schedule();
      return true;
    } catch {
      if (this.#refresh && status === null && this.url !== null) this.#wait(ASK_AGAIN_MS);
      return false;
    } finally {
      this.#asking = null;
    }
  }

  #schedule() {
    const { expires } = this.#source;
    if (!this.#refresh || !expires) return;
    const leftMs = new Date(expires).getTime() - Date.now();
    this.#wait(Math.max(leftMs / 2, leftMs - RENEW_BEFORE_MS, ASK_AGAIN_MS));
  }

  #wait(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.renew(), Math.min(ms, LONGEST_TIMER_MS));
  }
}

/** Return a source as {url, type, expires}; `expires` is what `Date` takes. */
function asSource(source) {
  const given = typeof source === "string" || source instanceof URL ? { url: String(source) } : source;
  if (!given?.url) throw new TypeError("a film's source needs an address");
  return given;
}

/** Return "hls", "dash" or "file" by a source's media type or, without one, by its address. */
export function kindOf({ url, type = "" }) {
  const path = url.split(/[?#]/, 1)[0];
  if (/mpegurl/i.test(type) || (!type && /\.m3u8$/i.test(path))) return "hls";
  if (/dash\+xml/i.test(type) || (!type && /\.mpd$/i.test(path))) return "dash";
  return "file";
}

/** Return `url` below the folder of `to` and with its parameters, if it lies below the folder of `from`; null otherwise. */
export function moved(url, from, to) {
  const [asked, old, now] = [url, from, to].map((one) => new URL(one, globalThis.location?.href));
  const folder = (one) => one.origin + one.pathname.slice(0, one.pathname.lastIndexOf("/") + 1);
  const place = asked.origin + asked.pathname;
  if (asked.href === old.href) return now.href;
  if (!place.startsWith(folder(old))) return null;
  // A signature stands in parameters that every request of the stream repeats; their bytes are signed, so they are not encoded anew.
  const values = new Map(parameters(now));
  const signed = new Set(parameters(old).map(([name, value]) => `${name}=${value}`));
  const search = parameters(asked).map(([name, value]) => `${name}=${signed.has(`${name}=${value}`) ? values.get(name) ?? value : value}`);
  const path = place === old.origin + old.pathname ? now.origin + now.pathname : folder(now) + place.slice(folder(old).length);
  return path + (search.length ? `?${search.join("&")}` : "");
}

function parameters({ search }) {
  return search.slice(1).split("&").filter(Boolean).map((pair) => {
    const at = pair.indexOf("=");
    return at < 0 ? [pair, ""] : [pair.slice(0, at), pair.slice(at + 1)];
  });
}

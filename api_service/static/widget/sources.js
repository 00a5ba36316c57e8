/**
 * Sets a <video>'s source: a file directly, HLS (.m3u8) through hls.js or natively, DASH (.mpd) through Shaka Player.
 *
 * A source that fails becomes an `error` of the video, which the player answers (core/player.js): after a while it fires `mt-reload` at the
 * video, and the source is loaded anew at the room's place.
 */
import { Address, REFUSALS } from "./core/address.js";
import { openDash } from "./streams/dash.js";
import { openFile } from "./streams/file.js";
import { openHls } from "./streams/hls.js";
import { Unplayable } from "./streams/library.js";
import { tracksOf } from "./streams/tracks.js";

const OPEN = { hls: openHls, dash: openDash, file: openFile };

/** An error that nobody has answered is repeated: the player may not be there yet. */
const REPEAT_MS = 500;

/** Refusals within this time of a new address do not lead to another one: requests of before are still under way. */
const RENEWED_MS = 3_000;

/**
 * Set the source of `video` and resolve to a function that removes it; reject if this browser cannot play it.
 *
 * `source` is an address, or {url, type, expires} with a media type and the instant (for `Date`) until which the address is valid, or null:
 * then `refresh` is asked for it. Options: `refresh({status})` resolves to another source and is asked before the address expires and after
 * 401, 403 and 410, as GET /api/v1/films/{id}/source answers; `hls` and `shaka` are
 * the libraries, or functions that import them (without them ours are loaded); `hlsConfig` and `shakaConfig` are their settings, EME included.
 */
export async function attachSource(video, source, options = {}) {
  const attachment = new Attachment(video, source, options);
  await attachment.load();
  return () => attachment.detach();
}

class Attachment {
  #video;
  #address;
  #options;
  #stream = null;
  #loads = 0;
  #renewedMs = -Infinity;
  #status = null;
  #timer = null;

  constructor(video, source, { refresh, ...options }) {
    this.#video = video;
    this.#address = new Address(source, refresh);
    this.#options = options;
    tracksOf(video);
    video.addEventListener("mt-reload", this.#onReload);
  }

  /** Load the source, or load it anew. */
  async load() {
    this.#loads += 1;
    const load = this.#loads;
    clearTimeout(this.#timer);
    this.#stream?.close();
    this.#stream = null;
    try {
      if (this.#address.url === null && !(await this.#address.renew())) throw new Error("nobody says where the film is");
      if (load !== this.#loads) return;
      const stream = await OPEN[this.#address.kind](this.#video, this.#address.url, {
        ...this.#options,
        startS: roomPositionS(this.#video),
        attempt: load,
        rewrite: (url) => this.#address.rewrite(url),
        onRetry: (status) => REFUSALS.includes(status) && this.#renew(status),
        onError: (failure) => load === this.#loads && this.#onError(failure),
      });
      if (load === this.#loads) this.#stream = stream;
      else stream.close();
    } catch (error) {
      if (load !== this.#loads) return;
      console.warn("the film's source cannot be set", error);
      this.#tell({ final: error instanceof Unplayable });
      if (error instanceof Unplayable) throw error;
    }
  }

  /** Remove the source. */
  detach() {
    this.#loads += 1;
    clearTimeout(this.#timer);
    this.#video.removeEventListener("mt-reload", this.#onReload);
    this.#address.stop();
    this.#stream?.close();
  }

  #onReload = async (event) => {
    event.preventDefault();
    clearTimeout(this.#timer);
    // A file's error does not tell the answer's status.
    if (REFUSALS.includes(this.#status) || this.#address.kind === "file") await this.#address.renew(this.#status);
    this.#status = null;
    this.load().catch(() => {});
  };

  /** `failure` is {status, resume, final}: the answer's status or null, what goes on with the same stream or null, whether to give up. */
  async #onError({ status = null, resume = null, final = false }) {
    this.#status = status;
    const stream = this.#stream;
    if (REFUSALS.includes(status) && this.#address.renewable) {
      if (await this.#renew(status)) {
        if (stream !== this.#stream) return;
        this.#status = null;
        return void (resume ? resume() : this.load().catch(() => {}));
      }
    } else if (resume && bufferedAheadS(this.#video) > 2) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(resume, 2_000);
      return;
    }
    this.#tell({ status, final });
  }

  /** Ask for a new address after a refusal, unless that was done just now: then the new one is refused too. */
  async #renew(status) {
    if (performance.now() - this.#renewedMs < RENEWED_MS) return false;
    this.#renewedMs = performance.now();
    return this.#address.renew(status);
  }

  #tell(detail) {
    clearTimeout(this.#timer);
    const answered = !this.#video.dispatchEvent(new CustomEvent("error", { detail, cancelable: true }));
    if (!answered) this.#timer = setTimeout(() => this.#tell(detail), REPEAT_MS);
  }
}

/** Where the room is, s, or null if that is not known or is no place in the player's own time: at a broadcast (core/broadcast.js). */
function roomPositionS(video) {
  const { positionMs = null, room } = video.closest?.("movie-together") ?? {};
  return positionMs === null || room.room.film.duration_ms === null ? null : positionMs / 1000;
}

function bufferedAheadS({ buffered, currentTime }) {
  for (let n = 0; n < buffered.length; n += 1) {
    if (buffered.start(n) <= currentTime + 0.1 && currentTime < buffered.end(n)) return buffered.end(n) - currentTime;
  }
  return 0;
}

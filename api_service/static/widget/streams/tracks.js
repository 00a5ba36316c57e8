/**
 * The sound tracks and qualities of a stream, as lists on its <video>: `audioTracks` (AudioTrackList; HTML, 4.8.11.10) and `videoRenditions`
 * (github.com/video-dev/media-ui-extensions, proposal 0007), which media-chrome's menus read. Browsers have neither for streams that a library plays.
 */

class Choices extends EventTarget {
  length = 0;
  #kind;
  #index = -1;
  #described = "[]";
  #maxHeight = Infinity;
  #onChoice = () => {};
  #onLimit = () => {};

  /** `kind` is "track" or "rendition", of which the events tell. */
  constructor(kind) {
    super();
    this.#kind = kind;
  }

  [Symbol.iterator]() {
    return Array.prototype.values.call(this);
  }

  /** Which one is chosen; -1: the library decides. */
  get selectedIndex() {
    return this.#index;
  }

  set selectedIndex(index) {
    if (index === this.#index) return;
    this.#onChoice(index);
    this.selected(index);
  }

  /** The height of the best picture that the library may choose by itself. */
  get maxHeight() {
    return this.#maxHeight;
  }

  set maxHeight(height) {
    this.#maxHeight = height;
    this.#onLimit(height);
  }

  /** Note that one was chosen, by whomever. */
  selected(index) {
    if (index === this.#index) return;
    this.#index = index;
    this.dispatchEvent(new Event("change"));
  }

  /** Have other items; the library is told of choices among them by `onChoice(index)`, and of what it may choose itself by `onLimit(height)`. */
  fill(items, { selected = -1, onChoice = () => {}, onLimit = () => {} } = {}) {
    const described = JSON.stringify(items);
    if (described === this.#described) {
      // Nothing new is told: Shaka Player listens to the list, and fills it again with each of its events.
      this.#onChoice = onChoice;
      this.#onLimit = onLimit;
      this.selected(selected);
      return;
    }
    this.#described = described;
    const before = this.length;
    for (let n = items.length; n < before; n += 1) delete this[n];
    this.length = items.length;
    this.#index = selected;
    this.#onChoice = onChoice;
    this.#onLimit = onLimit;
    items.forEach((item, n) => {
      this[n] = Object.defineProperty({ id: String(n), ...item }, "enabled", {
        enumerable: true,
        get: () => this.#index === n,
        set: (on) => {
          if (on) this.selectedIndex = n;
        },
      });
    });
    if (items.length) onLimit(this.#maxHeight);
    if (items.length || before) this.dispatchEvent(new Event(`${items.length ? "add" : "remove"}${this.#kind}`));
  }
}

/** Whether a library may play streams here; where none can, the browser does, which has lists of its own. */
const playsStreams = Boolean(globalThis.ManagedMediaSource ?? globalThis.MediaSource);

/** Return {sound, qualities}, the lists of `video`, made with the first call: media-chrome looks for them once only. */
export function tracksOf(video) {
  if (!(video.audioTracks instanceof Choices) && playsStreams) {
    Object.defineProperties(video, {
      audioTracks: { configurable: true, value: new Choices("track") },
      videoRenditions: { configurable: true, value: new Choices("rendition") },
    });
  }
  return playsStreams ? { sound: video.audioTracks, qualities: video.videoRenditions } : { sound: new Choices("track"), qualities: new Choices("rendition") };
}

/** Empty the lists of `video`: what played in it is gone. */
export function clearTracks(video) {
  for (const list of Object.values(tracksOf(video))) list.fill([]);
}

/** Return which of qualities in their order is the best one not above `maxHeight`, or the lowest of all. */
export function bestWithin(qualities, maxHeight) {
  const heights = qualities.map(({ height }) => height);
  const within = heights.filter((height) => height <= maxHeight);
  return heights.lastIndexOf(within.length ? Math.max(...within) : Math.min(...heights));
}

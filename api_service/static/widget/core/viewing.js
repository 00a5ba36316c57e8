/**
 * This viewer's player in the room: it follows the room's timeline, or while they are aside a way of their own, and the room is told how it
 * fares.
 */
import { Aside } from "./aside.js";
import { originOf } from "./broadcast.js";
import { Player } from "./player.js";
import { Reports } from "./reports.js";
import { Spoilers } from "./spoilers.js";
import { inForceAt, lengthOf } from "./timeline.js";

export class Viewing {
  /** See player.js. */
  player;
  /** See aside.js. */
  aside;
  /** See reports.js. */
  reports;
  #media;
  #session;
  #spoilers = new Spoilers();
  #rateTimer = null;

  /**
   * `session` is the connection (session.js); `hidden()` and `lastActMs()` are the player's, `waits` is the reports'. `on` is {command(type,
   * value), status(name), tell(type, fields), aside()}: the viewer wants something of the room; the player's status changed; the room is to be
   * told, and answers by a promise; the reason or the stage of being aside has changed.
   */
  constructor(media, { session, waits, hidden, lastActMs, on }) {
    this.#media = media;
    this.#session = session;
    this.player = new Player(media, {
      now: session.now,
      hidden,
      lastActMs,
      on: {
        command: (type, value) => this.aside.command(type, value) || on.command(type, value),
        status: on.status,
        ready: () => this.#onReady(),
      },
    });
    this.aside = new Aside({ player: this.player, now: session.now, on: { tell: on.tell, changed: () => this.#onAside(on.aside) } });
    this.reports = new Reports({
      session, player: this.player, positionMs: () => this.positionMs, waits, aside: () => this.aside.reason !== null,
    });
    if (hidden()) this.reports.visible = false;
  }

  /** Where the player is, a whole number of the room's ms. */
  get positionMs() {
    return Math.max(0, Math.round(this.player.positionMs));
  }

  /** Return from which place of the film on messages are held back, ms, while the room is at `roomMs`; Infinity where none is. */
  spoilersFromMs(roomMs) {
    const isOwn = this.player.ready && this.aside.reason !== "ad"; // what the cinema shows there is no place of the film
    return this.#spoilers?.fromMs(isOwn ? this.player.positionMs : null, roomMs) ?? Infinity;
  }

  /** Follow the room's timeline as it is now. */
  follow() {
    const { playback, room } = this.#session.state;
    const now = this.#session.now();
    const inForce = inForceAt(playback, now);
    clearTimeout(this.#rateTimer);
    if (inForce !== playback) this.#rateTimer = setTimeout(() => this.follow(), playback.at_ms - now);
    this.aside.follow(inForce, lengthOf(playback, room?.film), originOf(room));
  }

  /** The room has another film: the player reports itself ready once it has loaded that. */
  filmChanged() {
    this.reports.filmChanged();
    this.#spoilers = null;
    this.aside.filmChanged();
  }

  /** Pause for good: this viewer is out of the room. */
  end() {
    this.reports.stop();
    this.player.detach();
    if (!this.#media.paused) this.#media.pause();
  }

  /** Release the player and leave it as it is. */
  stop() {
    this.reports.stop();
    this.aside.stop();
    this.player.detach();
    clearTimeout(this.#rateTimer);
  }

  #onReady() {
    this.#spoilers ??= new Spoilers();
    this.reports.playerReady();
  }

  #onAside(tell) {
    tell();
    this.reports.playerReady();
  }
}

/**
 * This viewer's own way through the film while they are aside: away, hearing a place again, in an advertisement, or alone.
 *
 * It stands between the room's timeline and the player. Together, the player follows the room; aside, it follows a vector of the viewer's
 * own, and what they do to the player is nobody else's affair. The room is told by `aside` and `back`.
 */
import { catchUp } from "./catch-up.js";
import { positionAt } from "./timeline.js";

/** How far back in private, at most. */
export const REWATCH_MOST_MS = 120_000;

/** A place of one's own is fetched first, as one of the room's. */
const LEAD_MS = 300;

export class Aside {
  #player;
  #now;
  #on;
  #room = null; // {playback, durationMs, originMs}: the room's timeline, as it was told last
  #own = null; // the vector that the player follows here
  #reason = null;
  #stage = null; // "own": the viewer's own way; "catching-up": on the way back to the room
  #untilMs = null; // until the film is here (ms of the film) somebody hears again what was missed
  #timer = null;
  #telling = 0; // commands to the room without an answer: until then what it says of this viewer is old

  /** `now()` returns the server's time; `on` is {tell(type, fields), changed()}: ask the room, and promise the answer; the reason or the stage has changed. */
  constructor({ player, now, on }) {
    this.#player = player;
    this.#now = now;
    this.#on = on;
  }

  /** Why this viewer is aside: "away", "rewatch", "ad", "alone", or null. */
  get reason() {
    return this.#reason;
  }

  /** Whether the player is on its way back to the room's place. */
  get catchingUp() {
    return this.#stage === "catching-up";
  }

  /** Take the room's timeline, which the player follows unless the viewer is aside. */
  follow(playback, durationMs, originMs) {
    this.#room = { playback, durationMs, originMs };
    if (this.#reason === null) this.#player.follow(playback, durationMs, originMs);
    else if (this.catchingUp) this.#catchUp();
  }

  /** Tell a room anew that does not know (any more) that this viewer is aside; `known` is what it has as the member's `aside`. */
  settle(known) {
    if (this.#reason !== null && known?.reason !== this.#reason) this.#tell("aside", { reason: this.#reason });
    else this.heard(known);
  }

  /** Follow what another device of this viewer's has told the room, or this page before it was loaded anew: whoever is away does not play. */
  heard(known) {
    if (this.#telling > 0) return;
    if (this.#reason === null && known?.reason === "away") this.away({ tell: false });
    else if (this.#reason === "away" && known === null) this.#finish({ tell: false });
  }

  /** Step out: the player stands still. */
  away({ tell = true } = {}) {
    this.#step("away", { tell });
    this.#stand(this.#player.positionMs);
  }

  /** Go back by `ms`, at most two minutes, in private; then faster until level with the room. */
  rewatch(ms) {
    const hereMs = this.#reason === null ? this.#roomMs() : this.#player.positionMs;
    this.#step("rewatch");
    this.#untilMs = Math.max(hereMs, this.#untilMs ?? 0);
    const earliestMs = Math.max(0, this.#roomMs() - REWATCH_MOST_MS);
    this.#run(Math.max(earliestMs, hereMs - ms));
  }

  /** Let the cinema show something else in the player, which is left alone until `back`. */
  interstitial() {
    this.#step("ad");
    this.#own = null;
    this.#player.letGo();
  }

  /** Watch on by oneself, from here. */
  alone() {
    const runs = this.#room?.playback.status === "playing";
    const hereMs = this.#player.positionMs;
    this.#step("alone");
    if (runs) this.#run(hereMs, { leadMs: 0 });
    else this.#stand(hereMs);
  }

  /** Go to a place alone; what the cinema shows in the player is not cut short. */
  goTo(positionMs) {
    if (this.#reason === "ad") return;
    if (this.#reason === null || this.#reason === "away" || this.catchingUp) this.alone();
    this.#goTo(positionMs);
  }

  /** Come back: at once by a jump, or with `faster` by getting level, where that is possible. */
  back({ faster = false } = {}) {
    if (this.#reason === null) return;
    if (faster && this.#startsCatchingUp()) return;
    this.#finish();
  }

  /** Carry out a command of the viewer here alone; return false where they are not aside, so that it is one for the room. */
  command(type, value) {
    if (this.#reason === null) return false;
    const hereMs = this.#player.positionMs;
    if (this.catchingUp) this.#own = null; // its speed was that of catching up
    if (type === "play" && this.#reason === "away") this.back();
    else if (this.#reason === "ad") return true;
    else if (type === "play") this.#run(hereMs);
    else if (type === "pause") this.#stand(hereMs);
    else if (type === "seek") this.#goTo(value);
    else if (type === "set_rate") this.#run(hereMs, { rate: value, leadMs: 0 });
    return true;
  }

  /** The room has another film: whoever was on a way of their own through the one before follows again. */
  filmChanged() {
    if (this.#reason === null || this.#reason === "away") return;
    if (this.#reason === "ad") this.#player.takeUp();
    this.stop();
    this.#on.changed();
  }

  /** Stop: the connection or the player is over. */
  stop() {
    clearTimeout(this.#timer);
    this.#reason = this.#stage = this.#own = null;
  }

  // -- the viewer's own way -----------------------------------------------------------------------------------------

  #step(reason, { tell = true } = {}) {
    clearTimeout(this.#timer);
    const before = this.#reason;
    if (before === "ad" && reason !== "ad") this.#player.takeUp();
    if (before !== reason) this.#untilMs = null;
    if (this.catchingUp) this.#own = null; // its speed was that of catching up
    this.#reason = reason;
    this.#stage = "own";
    if (tell && before !== reason) this.#tell("aside", { reason });
    this.#on.changed();
  }

  #stand(positionMs) {
    clearTimeout(this.#timer);
    this.#followOwn({ status: "paused", position_ms: positionMs, rate: 1, at_ms: this.#now(), lead_rate: null });
  }

  #run(positionMs, { rate = this.#own?.rate ?? 1, leadMs = LEAD_MS } = {}) {
    this.#followOwn({ status: "playing", position_ms: positionMs, rate, at_ms: this.#now() + leadMs, lead_rate: null });
    clearTimeout(this.#timer);
    if (this.#untilMs === null) return;
    const heardInMs = leadMs + (this.#untilMs - positionMs) / rate;
    this.#timer = setTimeout(() => this.#startsCatchingUp() || this.#finish(), Math.max(0, heardInMs));
  }

  /** Within a rewatch only what is within reach; beyond it somebody watches by themselves. */
  #goTo(positionMs) {
    const runs = this.#own?.status !== "paused";
    if (this.#reason === "rewatch" && Math.abs(this.#roomMs() - positionMs) > REWATCH_MOST_MS) this.#step("alone");
    if (runs) this.#run(positionMs);
    else this.#stand(positionMs);
  }

  #followOwn(vector) {
    this.#stage = "own";
    this.#own = vector;
    this.#player.follow(vector, this.#room?.durationMs, this.#room?.originMs ?? null);
  }

  // -- back to the room's place --------------------------------------------------------------------------------------

  /** Get level by a faster rate; return false where the player has to jump. */
  #startsCatchingUp() {
    const was = this.#reason;
    if (was === "ad") this.#player.takeUp();
    if (!this.#catchUp()) return false;
    if (was === "rewatch") this.#on.changed();
    else this.#catchesUpAs("rewatch");
    return true;
  }

  /** What the others see of somebody who catches up after an advertisement is that they hear what they have missed. */
  #catchesUpAs(reason) {
    this.#reason = reason;
    this.#tell("aside", { reason });
    this.#on.changed();
  }

  /** Plan the way anew, from where the player is; return whether there is one. A room that has moved on may need a jump. */
  #catchUp() {
    clearTimeout(this.#timer);
    const now = this.#now();
    const { playback, durationMs, originMs } = this.#room;
    // A vector that runs already is truer than what the player says of itself, which may just be seeking.
    const fromMs = this.#own?.status === "playing" ? positionAt(this.#own, now, durationMs) : this.#player.positionMs;
    const plan = catchUp(fromMs, playback, now, durationMs);
    if (plan === null) {
      if (this.catchingUp) this.#finish();
      return false;
    }
    this.#stage = "catching-up";
    this.#own = plan.vector;
    this.#player.follow(plan.vector, durationMs, originMs);
    this.#timer = setTimeout(() => this.#finish(), plan.levelAtMs - now);
    return true;
  }

  #finish({ tell = true } = {}) {
    clearTimeout(this.#timer);
    if (this.#reason === "ad") this.#player.takeUp();
    this.#reason = this.#stage = this.#own = this.#untilMs = null;
    if (this.#room) this.#player.follow(this.#room.playback, this.#room.durationMs, this.#room.originMs);
    if (tell) this.#tell("back", {});
    this.#on.changed();
  }

  async #tell(type, fields) {
    this.#telling += 1;
    try {
      await this.#on.tell(type, fields);
    } finally {
      this.#telling -= 1;
    }
  }

  /** Where the room's film is now. */
  #roomMs() {
    return this.#room ? positionAt(this.#room.playback, this.#now(), this.#room.durationMs) : this.#player.positionMs;
  }
}

/** What a page can read of a room, and ask of it: each command returns a promise of the room's answer, which rejects with a Refusal. */
import { Refusal } from "../core/commands.js";
import { mayControl } from "../core/permissions.js";
import { lengthOf, positionAt } from "../core/timeline.js";

export class RoomElement extends HTMLElement {
  /**
   * Send a command; `quiet` means that the caller shows a refusal itself. <movie-together>, which knows the room, overrides it.
   * @param {string} _type
   * @param {Record<string, unknown>} [_fields]
   * @param {{id?: string, quiet?: boolean}} [_options]
   * @returns {Promise<any>}
   */
  ask(_type, _fields, _options) {
    return Promise.reject(new Error("not connected"));
  }

  /** The stay in the room, or null before and after one; <movie-together> overrides it. @protected @returns {import("./visit.js").Visit | null} */
  get visit() {
    return null;
  }

  // -- what there is ----------------------------------------------------------------------------------------------

  /** The replica of the room (core/replica.js), or null. @returns {Record<string, any> | null} */
  get room() {
    return this.visit?.session.state ?? null;
  }

  /** Whether the connection is live. @returns {boolean} */
  get live() {
    return this.visit?.session.live ?? false;
  }

  /** The server's time, ms, in which all times of the room are given. @returns {number} */
  get serverMs() {
    return this.visit?.session.now() ?? Date.now();
  }

  /** The film's position for everyone, ms, or null before the room is known. */
  get positionMs() {
    const { room } = this;
    return room ? positionAt(room.playback, this.serverMs, lengthOf(room.playback, room.room?.film)) : null;
  }

  /** The player's position minus the room's, ms, or null while it does not run. @returns {number | null} */
  get skewMs() {
    return this.asideReason === null ? this.visit?.viewing?.player.skewMs ?? null : null;
  }

  /** At a broadcast {dated, edgeMs, behindMs} (core/player.js), else null. @returns {{dated: boolean, edgeMs: number, behindMs: number} | null} */
  get broadcast() {
    return this.visit?.viewing?.player.broadcast ?? null;
  }

  /** From which place of the film on messages are held back, ms; Infinity where none is. */
  get spoilersFromMs() {
    return this.visit?.viewing?.spoilersFromMs(this.positionMs) ?? Infinity;
  }

  /** Whether this viewer may move the film. */
  get mayControl() {
    return mayControl(this.room);
  }

  /** How long this viewer is still muted, ms. */
  get mutedForMs() {
    const { room } = this;
    const untilMs = room?.members.find(({ id }) => id === room.you?.id)?.muted_until_ms ?? 0;
    return Math.max(0, untilMs - this.serverMs);
  }

  // -- aside ------------------------------------------------------------------------------------------------------

  /** This viewer's own way through the film (core/aside.js), or null. @returns {import("../core/aside.js").Aside | null} */
  get ownWay() {
    return this.visit?.viewing?.aside ?? null;
  }

  /** Why this viewer is aside, "away", "rewatch", "ad" or "alone"; null while they watch with the others. @returns {string | null} */
  get asideReason() {
    return this.ownWay?.reason ?? null;
  }

  /** Step out: the player stands still here, and the film goes on for the others unless the room is set to wait. */
  stepAway() {
    if (this.ownWay) this.ownWay.away();
    else this.ask("aside", { reason: "away" }).catch(() => {});
  }

  /** See the last `ms` again here alone (at most two minutes), then faster until level with the others. @param {number} [ms] */
  rewatch(ms = 10_000) {
    this.ownWay?.rewatch(ms);
  }

  /** Watch on alone, from here; the player obeys this viewer, and nobody else is moved. */
  watchAlone() {
    this.ownWay?.alone();
  }

  /** Leave the player to an advertisement or the like: it is not touched, and what happens to it concerns nobody, until `endInterstitial`. */
  beginInterstitial() {
    this.ownWay?.interstitial();
  }

  /** Take the player up again after `beginInterstitial`: it gets level with the others, faster where that is possible. */
  endInterstitial() {
    if (this.asideReason === "ad") this.ownWay.back({ faster: true });
  }

  /** Come back to the others' place: at once, or `faster` than they until level. @param {{faster?: boolean}} [options] */
  comeBack({ faster = false } = {}) {
    if (this.asideReason !== null) this.ownWay.back({ faster });
    else this.ask("back").catch(() => {}); // another device of theirs may have stepped aside
  }

  // -- the film ---------------------------------------------------------------------------------------------------

  /** Play the film. @returns {Promise<any>} */
  play() {
    return this.ask("play");
  }

  /** Pause the film. @returns {Promise<any>} */
  pause() {
    return this.ask("pause");
  }

  /**
   * Move the film to a position in ms.
   * @param {number} positionMs
   * @returns {Promise<any>}
   */
  seek(positionMs) {
    return this.ask("seek", { position_ms: Math.max(0, Math.round(positionMs)) });
  }

  /**
   * Go to a moment that a message names: with everyone where this viewer has the control of the film, else alone.
   * @param {number} positionMs
   * @returns {Promise<any>}
   */
  toMoment(positionMs) {
    const { ownWay } = this;
    if (!ownWay || (this.mayControl && ownWay.reason === null)) return this.seek(positionMs);
    ownWay.goTo(Math.max(0, Math.round(positionMs)));
    return Promise.resolve();
  }

  /**
   * Take everyone to the live edge of a broadcast.
   * @returns {Promise<any>}
   */
  toLive() {
    const { broadcast } = this;
    return broadcast ? this.seek(broadcast.edgeMs) : Promise.reject(new Refusal({ code: "not_live" }));
  }

  /**
   * Set the film's speed; 1 is normal.
   * @param {number} rate
   * @returns {Promise<any>}
   */
  setRate(rate) {
    return this.ask("set_rate", { rate });
  }

  // -- the chat ---------------------------------------------------------------------------------------------------

  /** Show an emoji over everyone's film, if the connection is live. @param {string} emoji */
  react(emoji) {
    this.visit?.session.signal("react", { emoji });
  }

  /** Tell the others that this viewer is typing. */
  typing() {
    this.visit?.session.signal("typing");
  }

  /**
   * Post a message; `id` repeats an earlier try, `replyTo` is the id of the message it replies to.
   * @param {string} text
   * @param {{id?: string, replyTo?: string}} [options]
   * @returns {Promise<any>}
   */
  say(text, { id, replyTo } = {}) {
    return this.ask("say", { text, ...(replyTo ? { reply_to: replyTo } : {}) }, { id, quiet: true });
  }

  /**
   * Return a promise of {messages, more}: up to `limit` messages before the message with id `before`, or the last ones; oldest first.
   * @param {{before?: string, limit?: number}} [options]
   * @returns {Promise<{messages: object[], more: boolean}>}
   */
  history({ before, limit = 50 } = {}) {
    return this.ask("history", { limit, ...(before ? { before } : {}) }, { quiet: true });
  }

  /**
   * Delete a message for everyone.
   * @param {string} messageId
   * @returns {Promise<any>}
   */
  deleteMessage(messageId) {
    return this.ask("delete_message", { message_id: messageId });
  }

  /**
   * Write one's own message anew, within five minutes.
   * @param {string} messageId
   * @param {string} text
   * @returns {Promise<any>}
   */
  editMessage(messageId, text) {
    return this.ask("edit_message", { message_id: messageId, text });
  }

  /**
   * Put an emoji on a message, or (`on` false) take one's own back.
   * @param {string} messageId
   * @param {string} emoji
   * @param {boolean} [on]
   * @returns {Promise<any>}
   */
  reactToMessage(messageId, emoji, on = true) {
    return this.ask("react_to_message", { message_id: messageId, emoji, on });
  }

  // -- the people -------------------------------------------------------------------------------------------------

  /**
   * Set a member's role: "moderator", "viewer" or "guest".
   * @param {string} memberId
   * @param {"moderator" | "viewer" | "guest"} role
   * @returns {Promise<any>}
   */
  setRole(memberId, role) {
    return this.ask("set_role", { member_id: memberId, role });
  }

  /**
   * Mute a member for some seconds; 0 ends the mute.
   * @param {string} memberId
   * @param {number} seconds
   * @returns {Promise<any>}
   */
  mute(memberId, seconds) {
    return this.ask("mute", { member_id: memberId, seconds });
  }

  /**
   * Send a member out of the room; the link lets them in again.
   * @param {string} memberId
   * @returns {Promise<any>}
   */
  kick(memberId) {
    return this.ask("kick", { member_id: memberId });
  }

  /**
   * Change any of {control, capacity, locked, slow_mode_s, hold, hold_max_s, early_start, wait_ad_s, wait_away_s, wait_until_members, snap_on_pause, guests}.
   * @param {Record<string, unknown>} changes
   * @returns {Promise<any>}
   */
  changeSettings(changes) {
    return this.ask("change_settings", changes);
  }
}

/** The commands that a page can give to a room. Each returns a promise of the room's answer, which rejects with a Refusal. */
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
   * Set the film's speed; 1 is normal.
   * @param {number} rate
   * @returns {Promise<any>}
   */
  setRate(rate) {
    return this.ask("set_rate", { rate });
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
   * Change any of {control, capacity, locked, slow_mode_s, hold, hold_max_s, early_start}.
   * @param {Record<string, unknown>} changes
   * @returns {Promise<any>}
   */
  changeSettings(changes) {
    return this.ask("change_settings", changes);
  }
}

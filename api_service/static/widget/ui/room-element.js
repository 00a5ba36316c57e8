/** The commands that a page can give to a room. Each returns a promise of the room's answer, which rejects with a Refusal. */
export class RoomElement extends HTMLElement {
  /** Send a command; `quiet` means that the caller shows a refusal itself. <movie-together>, which knows the room, overrides it. */
  ask(_type, _fields, _options) {
    return Promise.reject(new Error("not connected"));
  }

  /** Play the film. */
  play() {
    return this.ask("play");
  }

  /** Pause the film. */
  pause() {
    return this.ask("pause");
  }

  /** Move the film to a position in ms. */
  seek(positionMs) {
    return this.ask("seek", { position_ms: Math.max(0, Math.round(positionMs)) });
  }

  /** Set the film's speed; 1 is normal. */
  setRate(rate) {
    return this.ask("set_rate", { rate });
  }

  /** Post a message; `id` repeats an earlier try, `replyTo` is the id of the message it replies to. */
  say(text, { id, replyTo } = {}) {
    return this.ask("say", { text, ...(replyTo ? { reply_to: replyTo } : {}) }, { id, quiet: true });
  }

  /** Return a promise of {messages, more}: up to `limit` messages before the message with id `before`, or the last ones; oldest first. */
  history({ before, limit = 50 } = {}) {
    return this.ask("history", { limit, ...(before ? { before } : {}) }, { quiet: true });
  }

  /** Delete a message for everyone. */
  deleteMessage(messageId) {
    return this.ask("delete_message", { message_id: messageId });
  }

  /** Set a member's role: "moderator", "viewer" or "guest". */
  setRole(memberId, role) {
    return this.ask("set_role", { member_id: memberId, role });
  }

  /** Mute a member for some seconds; 0 ends the mute. */
  mute(memberId, seconds) {
    return this.ask("mute", { member_id: memberId, seconds });
  }

  /** Send a member out of the room; the link lets them in again. */
  kick(memberId) {
    return this.ask("kick", { member_id: memberId });
  }

  /** Change any of {control, capacity, locked, slow_mode_s, hold, hold_max_s}. */
  changeSettings(changes) {
    return this.ask("change_settings", changes);
  }
}

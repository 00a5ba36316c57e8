/** What a viewer may ask of the room; every method gives a promise: settled once the room has it, rejected with a Refusal. */
export class Asking extends HTMLElement {
  /** Sends a command; `quiet`: whoever asks shows a refusal itself. The element that knows the room overrides it. */
  ask(_type, _fields, _options) {
    return Promise.reject(new Error("not connected"));
  }

  play() {
    return this.ask("play");
  }

  pause() {
    return this.ask("pause");
  }

  seek(positionMs) {
    return this.ask("seek", { position_ms: Math.max(0, Math.round(positionMs)) });
  }

  setRate(rate) {
    return this.ask("set_rate", { rate });
  }

  /** Says something to everyone; give the `id` of an earlier try to repeat that try, and of a message to reply to it. */
  say(text, { id, replyTo } = {}) {
    return this.ask("say", { text, ...(replyTo ? { reply_to: replyTo } : {}) }, { id, quiet: true });
  }

  /** Gives {messages, more}: those before the message `before`, or the last ones; oldest first. */
  history({ before, limit = 50 } = {}) {
    return this.ask("history", { limit, ...(before ? { before } : {}) }, { quiet: true });
  }

  deleteMessage(messageId) {
    return this.ask("delete_message", { message_id: messageId });
  }

  setRole(memberId, role) {
    return this.ask("set_role", { member_id: memberId, role });
  }

  /** 0 seconds lets them write again. */
  mute(memberId, seconds) {
    return this.ask("mute", { member_id: memberId, seconds });
  }

  kick(memberId) {
    return this.ask("kick", { member_id: memberId });
  }

  /** `changes` is any of {control, capacity, locked, slow_mode_s, hold, hold_max_s}. */
  changeSettings(changes) {
    return this.ask("change_settings", changes);
  }
}

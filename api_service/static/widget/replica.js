/**
 * The room as this browser knows it: a copy of the server's state that events carry forward without any decision.
 *
 * {room, you, limits, playback, members: [{id, name, role, ready}], messages: [{id, author, text, position_ms, sent_ms}], closed}
 */

/** How many messages are kept for the page; the server sends the last 50 and the page shows what came since. */
export const MESSAGES_KEPT = 500;

/** State from `welcome` (mode snapshot) or `snapshot`; what only `welcome` tells is taken over from `before`. */
export function fromSnapshot(message, before = null) {
  return {
    room: message.room ?? before?.room ?? null,
    you: message.you ?? before?.you ?? null,
    limits: message.limits ?? before?.limits ?? {},
    playback: message.state.playback,
    members: message.members,
    messages: merged(before?.messages ?? [], message.messages ?? []),
    closed: null,
  };
}

/** The state after `event`; an event of a kind unknown here changes nothing (a later server may send more kinds). */
export function evolve(state, event) {
  switch (event.type) {
    case "played":
    case "paused":
    case "sought":
    case "rate_changed":
    case "rebased":
      return { ...state, playback: event.playback };
    case "member_joined":
    case "member_changed":
      return { ...state, members: withMember(state.members, event.member) };
    case "member_left":
      return { ...state, members: state.members.filter((member) => member.id !== event.member_id) };
    case "said":
      return { ...state, messages: merged(state.messages, [event.message]) };
    case "closed":
      return { ...state, closed: { reason: event.reason } };
    default:
      return state;
  }
}

/** May this member move the film for everyone? (The server decides; this spares a refused wish its round trip.) */
export function mayControl(state) {
  if (!state?.you || !state.room) return false;
  const rank = { guest: 0, viewer: 0, moderator: 1, owner: 2 }[state.you.role] ?? 0;
  return rank >= ({ everyone: 0, moderators: 1, owner: 2 }[state.room.control] ?? 0);
}

function withMember(members, member) {
  const others = members.filter((other) => other.id !== member.id);
  if (others.length === members.length) return [...members, member];
  return members.map((other) => (other.id === member.id ? member : other));
}

function merged(known, more) {
  const ids = new Set(known.map((message) => message.id));
  return [...known, ...more.filter((message) => !ids.has(message.id))].slice(-MESSAGES_KEPT);
}

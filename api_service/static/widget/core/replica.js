/**
 * The room as this browser knows it: a copy of the server's state that events carry forward without any decision.
 *
 * {room, you, limits, playback, pause, members, names, messages, closed}: `pause` tells who paused the film and why,
 * `names` everybody of whom this browser has heard, by id, as those who left are still spoken of.
 */

/** How many messages are kept for the page; the server sends the last 50 and the page shows what came since. */
export const MESSAGES_KEPT = 500;

/** State from `welcome` (mode snapshot) or `snapshot`; what only `welcome` tells is taken over from `before`. */
export function fromSnapshot(message, before = null) {
  const messages = merged(before?.messages ?? [], message.messages ?? []);
  const { playback } = message.state;
  return {
    room: message.room ?? before?.room ?? null,
    you: message.you ?? before?.you ?? null,
    limits: message.limits ?? before?.limits ?? {},
    playback,
    pause: pauseOf(playback),
    members: message.members,
    names: named(before?.names ?? {}, [...messages.map(({ author }) => author), ...message.members]),
    messages,
    closed: null,
  };
}

/** The state after `event`; an event of a kind unknown here changes nothing (a later server may send more kinds). */
export function evolve(state, event) {
  switch (event.type) {
    case "played":
    case "hold_started":
    case "hold_ended":
      return { ...state, playback: event.playback, pause: null };
    case "paused":
      return { ...state, playback: event.playback, pause: pauseOf(event.playback) };
    case "sought":
    case "rate_changed": // who paused stays who paused
      return { ...state, playback: event.playback, pause: event.playback.status === "paused" ? state.pause : null };
    case "rebased":
      return { ...state, playback: event.playback, members: shifted(state.members, event.shift_ms) };
    case "member_joined":
    case "member_changed":
      return { ...state, members: withMember(state.members, event.member), names: named(state.names, [event.member]) };
    case "member_left":
      return {
        ...state,
        members: state.members.filter((member) => member.id !== event.member_id),
        names: named(state.names, [{ id: event.member_id, name: event.name }]),
      };
    case "role_set":
      return changed(asYou(state, event.member_id, event.role), event.member_id, { role: event.role });
    case "muted":
      return changed(state, event.member_id, { muted_until_ms: event.until_ms });
    case "host_changed":
      return { ...state, room: { ...state.room, host: event.host } };
    case "settings_changed":
      return { ...state, room: { ...state.room, settings: event.settings, access: event.access, starts_at: event.starts_at } };
    case "said":
      return { ...state, messages: merged(state.messages, [event.message]), names: named(state.names, [event.message.author]) };
    case "message_deleted":
      return { ...state, messages: state.messages.map((one) => (one.id === event.message_id ? { ...one, text: "", deleted: true } : one)) };
    case "closed":
      return { ...state, closed: { reason: event.reason } };
    default:
      return state; // `banned` and `unbanned` too: who was in the room has left it by an event of its own
  }
}

/** Who paused and why, as the playback alone tells; a seek while paused leaves only its own author. */
function pauseOf(playback) {
  if (playback.status !== "paused") return null;
  const { by = null, reason = null, started = true } = playback;
  return { by, reason, started, sought: by !== null && playback.sought_ms === playback.at_ms };
}

function shifted(members, ms) {
  return members.map((one) => (one.muted_until_ms ? { ...one, muted_until_ms: one.muted_until_ms + ms } : one));
}

function asYou(state, id, role) {
  return id === state.you?.id ? { ...state, you: { ...state.you, role } } : state;
}

function changed(state, id, changes) {
  return { ...state, members: state.members.map((one) => (one.id === id ? { ...one, ...changes } : one)) };
}

function withMember(members, member) {
  const others = members.filter((other) => other.id !== member.id);
  if (others.length === members.length) return [...members, member];
  return members.map((other) => (other.id === member.id ? member : other));
}

function named(names, people) {
  const news = people.filter((one) => one?.name && names[one.id] !== one.name);
  return news.length ? { ...names, ...Object.fromEntries(news.map(({ id, name }) => [id, name])) } : names;
}

/** Known messages and more of them; what is told again replaces what was known (it may have been deleted meanwhile). */
function merged(known, more) {
  const again = new Map(more.map((message) => [message.id, message]));
  const ids = new Set(known.map(({ id }) => id));
  const kept = known.map((message) => again.get(message.id) ?? message);
  return [...kept, ...more.filter(({ id }) => !ids.has(id))].slice(-MESSAGES_KEPT);
}

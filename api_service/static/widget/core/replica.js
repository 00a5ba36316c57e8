/**
 * The replica of the room in this browser: the server's state, carried forward by events without any decision.
 *
 * {room, you, limits, playback, pause, members, names, looks, guests, messages, closed}: `pause` is {by, reason, started, sought} while the film is
 * paused, `names` the names by id of everybody this browser has met, as those who left are still spoken of; `looks` are those of their names, the same for names that look alike;
 * `guests` has the ids of those among them who have no account.
 */

/** The replica keeps this many messages; the server sends the last 50, and those posted since are added. */
export const MESSAGES_KEPT = 500;

/** Return the state from a `welcome` (mode snapshot) or `snapshot`; what a `snapshot` does not contain is taken from `before`. */
export function fromSnapshot(message, before = null) {
  const messages = mergedMessages(before?.messages ?? [], message.messages ?? []);
  const { playback } = message.state;
  const you = message.you ?? before?.you ?? null;
  const own = message.members.find(({ id }) => id === you?.id);
  return {
    room: message.room ?? before?.room ?? null,
    you: own ? { ...you, role: own.role } : you, // a room that starts over may have become one's own
    limits: message.limits ?? before?.limits ?? {},
    playback,
    pause: pauseOf(playback),
    members: message.members,
    names: withNames(before?.names ?? {}, [...messages.map(({ author }) => author), ...message.members]),
    looks: withLooks(before?.looks ?? {}, message.members),
    guests: withGuests(before?.guests, [...messages.map(({ author }) => author), ...message.members]),
    messages,
    closed: null,
  };
}

/** Return the state after `event`; an event of an unknown type changes nothing, since a later server may send more types. */
export function evolve(state, event) {
  switch (event.type) {
    case "played":
    case "hold_started":
    case "hold_ended":
      return { ...state, playback: event.playback, pause: null };
    case "paused":
      return { ...state, playback: event.playback, pause: pauseOf(event.playback) };
    case "sought":
    case "rate_changed": // the pause remains that of whoever paused
      return { ...state, playback: event.playback, pause: event.playback.status === "paused" ? state.pause : null };
    case "length_changed":
      return { ...state, playback: event.playback };
    case "film_changed": {
      const members = state.members.map((one) => ({ ...one, ready: false, buffering: false, aside: one.aside?.reason === "away" ? one.aside : null }));
      return { ...state, playback: event.playback, pause: pauseOf(event.playback), room: { ...state.room, film: event.film }, members };
    }
    case "rebased":
      return { ...state, playback: event.playback, members: withShiftedMutes(state.members, event.shift_ms) };
    case "member_joined":
    case "member_changed":
      return {
        ...state,
        members: withMember(state.members, event.member),
        names: withNames(state.names, [event.member]),
        looks: withLooks(state.looks, [event.member]),
        guests: withGuests(state.guests, [event.member]),
      };
    case "member_left":
      return {
        ...state,
        members: state.members.filter((member) => member.id !== event.member_id),
        names: withNames(state.names, [{ id: event.member_id, name: event.name }]),
      };
    case "stepped_aside": {
      const { reason, position_ms, time_ms: since_ms } = event;
      return withMemberFields(state, event.member_id, { aside: { reason, since_ms, position_ms } });
    }
    case "came_back":
      return withMemberFields(state, event.member_id, { aside: null });
    case "role_set":
      return withMemberFields(withOwnRole(state, event.member_id, event.role), event.member_id, { role: event.role });
    case "muted":
      return withMemberFields(state, event.member_id, { muted_until_ms: event.until_ms });
    case "host_changed":
      return { ...state, room: { ...state.room, host: event.host } };
    case "settings_changed":
      return withOwner(withSettings(state, event), event.owner);
    case "said":
      return {
        ...state,
        messages: mergedMessages(state.messages, [event.message]),
        names: withNames(state.names, [event.message.author]),
      };
    case "message_deleted":
    case "message_edited":
    case "message_reacted":
      return { ...state, messages: state.messages.map((one) => (one.id === event.message_id ? changedMessage(one, event) : one)) };
    case "closed":
      return { ...state, closed: { reason: event.reason } };
    default:
      return state; // also `banned`, `unbanned`, `revoked`: a banned member leaves by an event of its own
  }
}

/** Return a message after an event about it; a deleted one does not change any more. */
export function changedMessage(message, event) {
  if (message.deleted) return message;
  const changed = { ...message, revision: (message.revision ?? 0) + 1 };
  if (event.type === "message_deleted") return { ...changed, text: "", deleted: true, reactions: {} };
  if (event.type === "message_edited") return { ...changed, text: event.text, edited_ms: event.time_ms };
  const others = (message.reactions?.[event.emoji] ?? []).filter((id) => id !== event.by);
  const reactions = { ...message.reactions, [event.emoji]: event.on ? [...others, event.by] : others };
  return { ...changed, reactions: Object.fromEntries(Object.entries(reactions).filter(([, ids]) => ids.length > 0)) };
}

/** Return who paused and why, from the playback alone; after a seek while paused it names only the author of the seek. */
function pauseOf(playback) {
  if (playback.status !== "paused") return null;
  const { by = null, reason = null, started = true } = playback;
  return { by, reason, started, sought: by !== null && playback.sought_ms === playback.at_ms };
}

function withShiftedMutes(members, ms) {
  return members.map((one) => (one.muted_until_ms ? { ...one, muted_until_ms: one.muted_until_ms + ms } : one));
}

function withOwnRole(state, id, role) {
  return id === state.you?.id ? { ...state, you: { ...state.you, role } } : state;
}

function withSettings(state, { settings, access, starts_at: startsAt, title, film }) {
  return { ...state, room: { ...state.room, settings, access, starts_at: startsAt, title, film: film ?? state.room.film } };
}

/** Return the state after the room was handed over; the owner before becomes a moderator. */
function withOwner(state, owner) {
  if (!owner) return state;
  const roles = { [state.room.owner]: "moderator", [owner]: "owner" };
  const withRole = (one) => (one && roles[one.id] ? { ...one, role: roles[one.id] } : one);
  return { ...state, room: { ...state.room, owner, host: null }, you: withRole(state.you), members: state.members.map(withRole) };
}

function withMemberFields(state, id, fields) {
  return { ...state, members: state.members.map((one) => (one.id === id ? { ...one, ...fields } : one)) };
}

function withMember(members, member) {
  const others = members.filter((other) => other.id !== member.id);
  if (others.length === members.length) return [...members, member];
  return members.map((other) => (other.id === member.id ? member : other));
}

function withNames(names, people) {
  const changed = people.filter((one) => one?.name && names[one.id] !== one.name);
  return changed.length ? { ...names, ...Object.fromEntries(changed.map(({ id, name }) => [id, name])) } : names;
}

function withLooks(looks, members) {
  const changed = members.filter((one) => one.look && looks?.[one.id] !== one.look);
  return changed.length ? { ...looks, ...Object.fromEntries(changed.map(({ id, look }) => [id, look])) } : looks;
}

function withGuests(guests = new Set(), people) {
  const more = people.filter((one) => one?.guest && !guests.has(one.id));
  return more.length ? new Set([...guests, ...more.map(({ id }) => id)]) : guests;
}

/** Return the known messages and the new ones; a repeated message replaces the known one, as it may have been deleted since. */
function mergedMessages(known, more) {
  const repeated = new Map(more.map((message) => [message.id, message]));
  const ids = new Set(known.map(({ id }) => id));
  const updated = known.map((message) => repeated.get(message.id) ?? message);
  return [...updated, ...more.filter(({ id }) => !ids.has(id))].slice(-MESSAGES_KEPT);
}

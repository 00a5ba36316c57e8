/**
 * Who may do what in a room, as the server decides it (sync_service/room/permissions.py): it spares refused wishes their round
 * trip, and people the buttons that are not for them.
 */

const RANKS = { guest: 0, viewer: 1, moderator: 2, owner: 3 };
const CONTROL = { everyone: "viewer", moderators: "moderator", owner: "owner" };
const SETTINGS = { control: "owner", capacity: "owner", locked: "moderator", slow_mode_s: "moderator", hold: "moderator", hold_max_s: "moderator" };

/** A member's role; of somebody who is not here only the owner is known. */
export function roleOf(state, id) {
  if (id === state.room?.owner) return "owner";
  const known = state.members?.find((member) => member.id === id)?.role;
  return known ?? (id === state.you?.id ? state.you.role : "viewer");
}

function rankOf(state, id) {
  return RANKS[roleOf(state, id)] ?? 0;
}

/** May this viewer move the film for everyone? */
export function mayControl(state) {
  if (!state?.you || !state.room) return false;
  const wanted = RANKS[CONTROL[state.room.settings?.control]] ?? 0;
  return rankOf(state, state.you.id) >= wanted || state.room.host === state.you.id;
}

/** May this viewer mute, send out or ban that member? Only those of a lower role than one's own. */
export function mayModerate(state, id) {
  if (!state?.you || id === state.you.id) return false;
  const own = rankOf(state, state.you.id);
  return own >= RANKS.moderator && own > rankOf(state, id);
}

/** The roles that this viewer may give that member. */
export function rolesFor(state, id) {
  if (!mayModerate(state, id)) return [];
  const own = rankOf(state, state.you.id);
  return ["moderator", "viewer", "guest"].filter((role) => RANKS[role] < own && role !== roleOf(state, id));
}

export function mayDelete(state, message) {
  return !message.deleted && (message.author.id === state?.you?.id || mayModerate(state, message.author.id));
}

/** May this viewer change that setting of the room? */
export function mayArrange(state, setting) {
  return Boolean(state?.you && state.room) && rankOf(state, state.you.id) >= RANKS[SETTINGS[setting]];
}

/** Whom slow mode does not hold back. */
export function speaksFreely(state) {
  return Boolean(state?.you) && rankOf(state, state.you.id) >= RANKS.moderator;
}

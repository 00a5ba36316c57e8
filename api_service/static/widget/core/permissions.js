/**
 * Who may do what in a room, by the server's rules (sync_service/room/permissions.py), so that commands which would be refused are not
 * sent and their buttons not shown.
 *
 * `state` is the room's state (replica.js).
 */

const RANKS = { guest: 0, viewer: 1, moderator: 2, owner: 3 };
const LOWEST_ROLE_BY_CONTROL = { everyone: "viewer", moderators: "moderator", owner: "owner" };
const LOWEST_ROLE_BY_SETTING = {
  control: "owner", capacity: "owner", early_start: "owner", start: "owner", start_when_ready: "owner", guests: "owner", locked: "moderator", slow_mode_s: "moderator", hold: "moderator", hold_max_s: "moderator",
  wait_ad_s: "moderator", wait_away_s: "moderator", wait_until_members: "moderator", snap_on_pause: "moderator",
};

/** Return the role of the person `id`; of people who are not in the room only the owner is known. */
export function roleOf(state, id) {
  if (id === state.room?.owner) return "owner";
  const known = state.members?.find((member) => member.id === id)?.role;
  return known ?? (id === state.you?.id ? state.you.role : "viewer");
}

/** Return whether the name of the person `id` looks like that of the room's owner, who is somebody else. */
export function imitatesOwner(state, id) {
  const owner = state?.room?.owner;
  const look = state?.looks?.[owner];
  return Boolean(look) && id !== owner && state.looks[id] === look;
}

/** Return what marks the person `id` beside their name: "not_owner" where it imitates the owner's, "guest" of one without an account, else their role. */
export function markOf(state, id) {
  if (imitatesOwner(state, id)) return "not_owner";
  return state?.guests?.has(id) ? "guest" : state ? roleOf(state, id) : "viewer";
}

/** Return whether this viewer may write and react: in some rooms guests only watch. */
export function mayWrite(state) {
  const { you, room, guests } = state ?? {};
  return !you || !guests?.has(you.id) || roleOf(state, you.id) !== "guest" || room?.settings?.guests === "chat";
}

function rankOf(state, id) {
  return RANKS[roleOf(state, id)] ?? 0;
}

/** Return whether this viewer may move the film for everyone. */
export function mayControl(state) {
  if (!state?.you || !state.room) return false;
  const lowest = RANKS[LOWEST_ROLE_BY_CONTROL[state.room.settings?.control]] ?? 0;
  return rankOf(state, state.you.id) >= lowest || state.room.host === state.you.id;
}

/** Return whether this viewer may mute, kick or ban the member `id`, which takes a higher role than theirs. */
export function mayModerate(state, id) {
  if (!state?.you || id === state.you.id) return false;
  const own = rankOf(state, state.you.id);
  return own >= RANKS.moderator && own > rankOf(state, id);
}

/** Return the roles that this viewer may set for the member `id`. */
export function assignableRoles(state, id) {
  if (!mayModerate(state, id)) return [];
  const own = rankOf(state, state.you.id);
  const roles = state.guests?.has(id) ? ["viewer", "guest"] : ["moderator", "viewer", "guest"];
  return roles.filter((role) => RANKS[role] < own && role !== roleOf(state, id));
}

/** Return whether this viewer may delete a message. */
export function mayDelete(state, message) {
  return !message.deleted && (message.author.id === state?.you?.id || mayModerate(state, message.author.id));
}

/** For so long after it was sent its author may edit a message, ms. */
export const EDITABLE_MS = 300_000;

/** Return whether this viewer may edit a message at the server's time `nowMs`. */
export function mayEdit(state, message, nowMs) {
  return !message.deleted && message.author.id === state?.you?.id && nowMs < message.sent_ms + EDITABLE_MS;
}

/** Return whether this viewer may change a setting of the room, by the setting's name. */
export function mayChangeSetting(state, setting) {
  return Boolean(state?.you && state.room) && rankOf(state, state.you.id) >= RANKS[LOWEST_ROLE_BY_SETTING[setting]];
}

/** Return whether slow mode does not apply to this viewer. */
export function exemptFromSlowMode(state) {
  return Boolean(state?.you) && rankOf(state, state.you.id) >= RANKS.moderator;
}

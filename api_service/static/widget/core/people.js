/** Who is shown among a room's people, in which order, and how each of them follows the film. `state` is the room's (replica.js). */
import { roleOf } from "./permissions.js";

/** A larger skew is shown to the others; a smaller one the widget removes within seconds. */
export const SKEW_SHOWN_MS = 1_500;

const PLACES = { owner: 1, moderator: 2, viewer: 3, guest: 3 };

/** Return the members in the order in which they are shown: oneself, the owner, moderators, the others, who is away; each in the order of joining. */
export function inOrder(state) {
  const placeOf = (member) => {
    if (member.id === state.you?.id) return 0;
    return member.aside?.reason === "away" ? 4 : PLACES[roleOf(state, member.id)] ?? 3;
  };
  return [...state.members].sort((one, other) => placeOf(one) - placeOf(other));
}

/** Return those of the people that are `expected`, [{id, name}], who are not in the room. */
export function missing(state, expected) {
  const here = new Set(state.members.map(({ id }) => id));
  return expected.filter(({ id }) => !here.has(id));
}

/** Return whether a name has what is searched for in it, whatever case and accents either is written with. */
export function matches(name, query) {
  return plain(name).includes(plain(query.trim()));
}

function plain(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}

/**
 * Return how a member follows the film: {kind, seconds}. Kinds: "away", "rewatch", "ad" and "alone" (they are aside), "second_screen", "not_ready",
 * "buffering", "behind" and "ahead" (by `seconds`, from the skew of their player in ms), "ready" before the film has begun, else "in_step".
 */
export function followingOf(member, state, skewMs = 0) {
  if (member.aside) return { kind: member.aside.reason };
  if (member.second_screen) return { kind: "second_screen" };
  if (!member.ready) return { kind: "not_ready" };
  if (member.buffering) return { kind: "buffering" };
  const { playback } = state;
  if (playback.status === "playing" && Math.abs(skewMs) >= SKEW_SHOWN_MS) {
    return { kind: skewMs < 0 ? "behind" : "ahead", seconds: Math.round(Math.abs(skewMs) / 1000) };
  }
  return { kind: playback.started ? "in_step" : "ready" };
}

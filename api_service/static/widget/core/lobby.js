/** Before the film begins: who is here and ready, how long until a planned moment, and who may let it begin (room/lobby.py). */
import { missing as missingOf } from "./people.js";
import { mayControl } from "./permissions.js";

/**
 * Return what there is to show before the film has begun in a lobby or ahead of a planned moment, else null: {together, here, ready, wanted,
 * loading, missing, allReady, inMs, mayStart, asks}. `expected` are the people who are invited, [{id, name}]. `here` and `ready` count viewers,
 * `wanted` is with how many a lobby begins by itself (0: never), `loading` are the members who are not ready, `missing` those of the expected
 * who are not here, `inMs` is how long until the planned moment (0: none, or over), and `asks` says that whoever may start it should be asked
 * first: it is too early, or somebody is missing or not ready.
 */
export function lobbyOf(state, nowMs, expected = []) {
  const { playback, room } = state;
  if (playback.started || !room?.settings) return null;
  const together = room.settings.start === "together";
  const inMs = Math.max(0, (room.starts_at ?? 0) - nowMs);
  if (!together && inMs === 0) return null;
  const viewers = state.members.filter((member) => !member.second_screen);
  const loading = viewers.filter((member) => !member.ready || member.aside);
  const wanted = room.settings.start_when_ready ?? 0;
  const missing = missingOf(state, expected);
  return {
    together, inMs, wanted, loading, missing,
    here: viewers.length,
    ready: viewers.length - loading.length,
    allReady: viewers.length > 0 && loading.length + missing.length === 0 && viewers.length >= wanted,
    mayStart: mayStart(state, { together, inMs }),
    asks: inMs > 0 || loading.length + missing.length > 0 || viewers.length < wanted,
  };
}

function mayStart(state, { together, inMs }) {
  const { owner, settings } = state.room;
  if (!mayControl(state)) return false;
  if (state.you?.id === owner || settings.early_start) return true;
  return inMs === 0 && !(together && state.members.some(({ id }) => id === owner));
}

/** What a room's state and events are in words: who paused and why, whom the room waits for, who steers. No page is needed here. */
import { roleOf } from "../core/permissions.js";
import { readablePosition } from "../core/timeline.js";

/** A name set apart, so that its direction of writing does not turn the words around it (Unicode UAX 9, isolates). */
export function isolated(name) {
  return `\u2068${name}\u2069`;
}

function nameIn(state, id, texts) {
  return isolated(state.names?.[id] ?? texts.someone);
}

/** "Ann, Bob and Cid" in the words' own language. */
function listed(names, texts) {
  return new Intl.ListFormat(texts.lang, { type: "conjunction" }).format(names);
}

/** Why the film stands, for a line over it: "Ann paused"; null while nothing stands. */
export function pauseWords(state, texts) {
  const { pause, playback } = state;
  if (playback.status !== "paused" || pause === null) return null;
  if (pause.reason === "empty") return texts.paused_empty;
  if (!pause.started && pause.by === null) return texts.not_started;
  if (pause.by === null) return texts.paused_by_nobody;
  if (pause.sought) return texts.sought_paused(nameIn(state, pause.by, texts));
  return pause.by === state.you?.id ? texts.paused_by_you : texts.paused_by(nameIn(state, pause.by, texts));
}

/** Whom the room waits for: {words, seconds, mine} or null; `mine` when it waits for this viewer alone. */
export function holdWords(state, texts, nowMs) {
  const { status, waiting_for: waitingFor = [], hold_until_ms: untilMs } = state.playback;
  if (status !== "holding") return null;
  const mine = waitingFor.length === 1 && waitingFor[0] === state.you?.id;
  const names = waitingFor.map((id) => (id === state.you?.id ? texts.you : nameIn(state, id, texts)));
  return {
    words: mine ? texts.waiting_for_you : texts.waiting_for(listed(names, texts)),
    seconds: Math.max(0, Math.ceil(((untilMs ?? nowMs) - nowMs) / 1000)),
    mine,
  };
}

/** Who moves the film here, for those who do not. */
export function steeringWords(state, texts) {
  const { owner, host, settings } = state.room;
  if (host) return texts.host_steers(nameIn(state, host, texts));
  if (settings.control === "everyone") return texts.guests_do_not_steer;
  const ownerName = state.names?.[owner] ? isolated(state.names[owner]) : null;
  if (settings.control === "owner") return ownerName ? texts.owner_steers_named(ownerName) : texts.owner_steers;
  const present = state.members.filter((one) => ["owner", "moderator"].includes(roleOf(state, one.id)));
  return present.length ? texts.moderators_steer_named(listed(present.map(({ name }) => isolated(name)), texts)) : texts.moderators_steer;
}

/** How a refusal is told: some say for how long, one says who has the control. */
export function refusalWords(refusal, texts, state = null) {
  if (refusal.code === "forbidden" && state?.room) return steeringWords(state, texts);
  const words = texts[`refused_${refusal.code}`] ?? texts.refused_other;
  return typeof words === "function" ? words(Math.max(1, Math.ceil((refusal.retryAfterMs ?? 0) / 1000))) : words;
}

/**
 * A line for what happened, or null where nothing needs to be said. `nameOf` gives a member's name by id, `before` is the room's
 * settings before the event.
 */
export function eventWords(event, { texts, nameOf, before = null }) {
  const named = (id) => isolated(nameOf(id) ?? texts.someone);
  const name = event.by ? named(event.by) : null;
  const whom = event.member_id ? named(event.member_id) : null;
  const position = event.playback && readablePosition(event.playback.position_ms);
  switch (event.type) {
    case "member_joined":
      return texts.joined(isolated(event.member.name));
    case "member_left":
      if (event.reason === "kicked") return texts.kicked(name ?? texts.somebody, isolated(event.name ?? texts.someone));
      if (event.reason === "banned") return null; // `banned` has told it
      return (event.reason === "lost" ? texts.lost : texts.left)(isolated(event.name ?? texts.someone));
    case "played":
      if (event.playback.reason === "hold_skipped") return texts.hold_skipped(name ?? texts.somebody);
      return name ? texts.played(name) : texts.started;
    case "paused":
      if (event.playback.reason === "empty") return texts.paused_empty_at(position);
      return name ? texts.paused(name, position) : texts.paused_alone(position);
    case "sought":
      return name && texts.sought(name, position);
    case "rate_changed":
      return name && texts.rate_changed(name, event.playback.rate);
    case "hold_started": // told again when the list shrinks: that is no news
      return event.by && event.playback.waiting_for.includes(event.by) ? texts.held_for(name) : null;
    case "hold_ended":
      return event.playback.reason === "hold_timeout" ? texts.hold_timeout : null;
    case "role_set":
      return texts.role_set(name ?? texts.somebody, whom, event.role);
    case "muted":
      if (event.until_ms === null) return texts.unmuted(name ?? texts.somebody, whom);
      return texts.muted(name ?? texts.somebody, whom, Math.max(1, Math.round((event.until_ms - event.time_ms) / 60_000)));
    case "banned":
      return texts.banned(name ?? texts.somebody, whom);
    case "unbanned":
      return texts.unbanned(name ?? texts.somebody, whom);
    case "host_changed":
      return event.host ? texts.host_is(named(event.host)) : texts.host_gone;
    case "settings_changed":
      return settingsWords(event, before, texts, name);
    case "closed":
      return texts.closed;
    default:
      return null; // `rebased` changes nothing that anybody sees, a deleted message shows it itself
  }
}

function settingsWords({ settings }, before, texts, name) {
  const changes = Object.keys(settings).filter((key) => before && settings[key] !== before[key]);
  const words = changes.map((key) => texts.setting[key]?.(settings[key])).filter(Boolean);
  return words.length ? texts.settings_changed(name ?? texts.somebody, words.join(", ")) : null;
}

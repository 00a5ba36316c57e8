/** Phrases about the room's state and events: who paused and why, whom the room waits for, who may control the film. */
import { roleOf } from "../core/permissions.js";
import { readablePosition } from "../core/timeline.js";

/** Return a name in Unicode isolates (UAX 9), so that its direction of writing does not affect the text around it. */
export function isolated(name) {
  return `\u2068${name}\u2069`;
}

function nameIn(state, id, texts) {
  return isolated(state.names?.[id] ?? texts.someone);
}

/** Return "Ann, Bob and Cid" in the language of `texts`. */
function listed(names, texts) {
  return new Intl.ListFormat(texts.lang, { type: "conjunction" }).format(names);
}

/** Return why the film is paused ("Ann paused"), or null if it is not. */
export function pausePhrase(state, texts) {
  const { pause, playback } = state;
  if (playback.status !== "paused" || pause === null) return null;
  if (pause.reason === "empty") return texts.paused_empty;
  if (!pause.started && pause.by === null) return texts.not_started;
  if (pause.by === null) return texts.paused_by_nobody;
  if (pause.sought) return texts.sought_paused(nameIn(state, pause.by, texts));
  return pause.by === state.you?.id ? texts.paused_by_you : texts.paused_by(nameIn(state, pause.by, texts));
}

/** Return {text, seconds, mine} while the room waits for somebody, else null; `mine` means for this viewer alone. */
export function holdPhrase(state, texts, nowMs) {
  const { status, waiting_for: waitingFor = [], hold_until_ms: untilMs, reason } = state.playback;
  if (status !== "holding") return null;
  const mine = waitingFor.length === 1 && waitingFor[0] === state.you?.id;
  const names = waitingFor.map((id) => (id === state.you?.id ? texts.you : nameIn(state, id, texts)));
  return {
    text: mine ? (["ad", "away"].includes(reason) ? texts.waiting_for_you_back : texts.waiting_for_you) : texts.waiting_for(listed(names, texts)),
    seconds: Math.max(0, Math.ceil(((untilMs ?? nowMs) - nowMs) / 1000)),
    mine,
  };
}

/** Return who may control the film, for those who may not. */
export function controlPhrase(state, texts) {
  const { owner, host, settings } = state.room;
  if (host) return texts.host_controls(nameIn(state, host, texts));
  if (settings.control === "everyone") return texts.guests_do_not_control;
  const ownerName = state.names?.[owner] ? isolated(state.names[owner]) : null;
  if (settings.control === "owner") return ownerName ? texts.owner_controls_named(ownerName) : texts.owner_controls;
  const present = state.members.filter((one) => ["owner", "moderator"].includes(roleOf(state, one.id)));
  return present.length ? texts.moderators_control_named(listed(present.map(({ name }) => isolated(name)), texts)) : texts.moderators_control;
}

/** Return that a viewer's film of `yours_ms` is longer or shorter than that of the others, `duration_ms`, and by how much. */
export function filmDiffersPhrase({ yours_ms: yoursMs, duration_ms: durationMs }, texts) {
  const byMs = Math.abs(yoursMs - durationMs);
  const seconds = new Intl.NumberFormat(texts.lang, { maximumFractionDigits: byMs < 10_000 ? 1 : 0 }).format(byMs / 1000);
  const by = byMs < 60_000 ? texts.seconds(seconds) : readablePosition(byMs);
  return yoursMs > durationMs ? texts.film_longer(by) : texts.film_shorter(by);
}

/** Return why a command was refused; `state` is the room if the command was to move the film. */
export function refusalPhrase(refusal, texts, state = null) {
  if (refusal.code === "forbidden" && state?.room) return controlPhrase(state, texts);
  const text = texts[`refused_${refusal.code}`] ?? texts.refused_other;
  return typeof text === "function" ? text(Math.max(1, Math.ceil((refusal.retryAfterMs ?? 0) / 1000))) : text;
}

/**
 * Return the chat's line about an event, or null for an event that needs none. `nameOf(id)` returns a member's name, `before` is the
 * room's settings before the event, and its title.
 */
export function eventPhrase(event, { texts, nameOf, before = null }) {
  const named = (id) => isolated(nameOf(id) ?? texts.someone);
  const name = event.by ? named(event.by) : null;
  const whom = event.member_id ? named(event.member_id) : null;
  const position = event.playback && readablePosition(event.playback.position_ms);
  switch (event.type) {
    case "member_joined":
      return texts.joined(isolated(event.member.name));
    case "member_left":
      if (event.reason === "kicked") return texts.kicked(name ?? texts.somebody, isolated(event.name ?? texts.someone));
      if (["banned", "revoked"].includes(event.reason)) return null; // each has its own line
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
    case "hold_started": // sent again when the list shrinks, which needs no line
      return event.by && event.playback.waiting_for.includes(event.by) ? texts.held_for(name) : null;
    case "hold_ended":
      return event.playback.reason === "hold_timeout" ? texts.hold_timeout : null;
    case "stepped_aside": // an advertisement or a place heard again is over before a line about it is read
      return texts.stepped_aside[event.reason]?.(whom) ?? null;
    case "role_set":
      return texts.role_set(name ?? texts.somebody, whom, event.role);
    case "muted":
      if (event.until_ms === null) return texts.unmuted(name ?? texts.somebody, whom);
      return texts.muted(name ?? texts.somebody, whom, Math.max(1, Math.round((event.until_ms - event.time_ms) / 60_000)));
    case "banned":
      return texts.banned(name ?? texts.somebody, whom);
    case "unbanned":
      return texts.unbanned(name ?? texts.somebody, whom);
    case "revoked":
      return texts.revoked(name ?? texts.somebody, whom);
    case "host_changed":
      return event.host ? texts.host_is(named(event.host)) : texts.host_gone;
    case "film_changed":
      return texts.film_changed(name ?? texts.somebody, isolated(event.film.title));
    case "settings_changed":
      if (event.owner) return texts.owner_is(named(event.owner));
      return settingsPhrase(event, before, texts, name);
    case "closed":
      return texts.closed;
    default:
      return null; // also `rebased`, which nobody sees, and `message_deleted`, which the message itself shows
  }
}

function settingsPhrase({ settings, title }, before, texts, name) {
  const after = { title: title && isolated(title), ...settings };
  const earlier = { ...before, title: before?.title && isolated(before.title) };
  const changes = Object.keys(after).filter((key) => before && (after[key] ?? null) !== (earlier[key] ?? null));
  const phrases = changes.map((key) => texts.setting[key]?.(after[key])).filter(Boolean);
  return phrases.length ? texts.settings_changed(name ?? texts.somebody, phrases) : null;
}

/**
 * Which captions a viewer is offered where both the stream and the catalogue have some: of one language and kind the catalogue's, which were fed for
 * this film; the stream's own ones of that language and kind are left out. `isCatalogued(track)` tells the two apart.
 */

/** Return the tracks to offer. @param {TextTrack[]} tracks */
export function offered(tracks, isCatalogued) {
  return tracks.filter((track) => insteadOf(track, tracks, isCatalogued) === null);
}

/** Return the catalogue's track that is offered in the place of the stream's `track`; null: that is offered itself. */
export function insteadOf(track, tracks, isCatalogued) {
  if (isCatalogued(track)) return null;
  return tracks.find((one) => isCatalogued(one) && one.kind === track.kind && isSame(one.language, track.language)) ?? null;
}

/** Return the entries, {kind, language, label}, of a menu that lists `tracks` by them, without those that are not offered; equal ones are one. */
export function listed(entries, tracks, isCatalogued) {
  const named = ({ kind, language, label }) => JSON.stringify([kind, language, label]);
  const kept = new Set(offered(tracks, isCatalogued).map(named));
  const leftOut = new Set(tracks.map(named).filter((name) => !kept.has(name)));
  const names = entries.map(named);
  return entries.filter((_, n) => !leftOut.has(names[n]) && names.indexOf(names[n]) === n);
}

/** Return whether two language tags name one language: `ru` and `ru-RU` do, `pt-BR` and `pt-PT` do not. */
function isSame(one, other) {
  const [short, long] = [one.toLowerCase(), other.toLowerCase()].sort((a, b) => a.length - b.length);
  return short !== "" && (long === short || long.startsWith(`${short}-`));
}

/** How far behind its live edge a broadcast is, is shown anew this often. */
const SHOWN_EVERY_MS = 1_000;

/** Until `signal` aborts, show where a broadcast is, and take a room to the live edge that has begun where the stream has nothing. */
export function followLiveEdge(element, { player, overlay, signal }) {
  const timer = setInterval(() => {
    if (element.endReason || element.asideReason !== null) return;
    const { broadcast, mayControl } = element;
    overlay.showLive(broadcast, { mayControl });
    const { status, sought_ms: soughtMs } = element.room?.playback ?? {};
    // Nobody has chosen a place yet.
    if (broadcast && player.outside && status === "playing" && soughtMs === 0 && mayControl) element.toLive().catch(() => {});
  }, SHOWN_EVERY_MS);
  signal.addEventListener("abort", () => clearInterval(timer));
}

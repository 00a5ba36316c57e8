/** Tells the widget (core/broadcast.js) of a live stream what only its library knows. */

/**
 * Set on `video` the date of its zero, as the system's players have it (`getStartDate()`; HTML, 4.8.11.6), and the part of the stream that can be
 * loaded, `liveRange` {start, end} in s; return a function that takes both away. `startDateMs()` returns NaN, `range()` null where unknown.
 */
export function describe(video, { startDateMs, range }) {
  Object.defineProperties(video, {
    getStartDate: { configurable: true, value: () => new Date(startDateMs()) },
    liveRange: { configurable: true, get: range },
  });
  return () => {
    delete video.getStartDate;
    delete video.liveRange;
  };
}

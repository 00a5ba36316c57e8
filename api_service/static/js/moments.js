/** Show the times inside `root`, which the server wrote in UTC, in the viewer's time zone and language. */
export function showMoments(root, lang) {
  const full = new Intl.DateTimeFormat(lang, { dateStyle: "long", timeStyle: "short" });
  const thisYear = new Intl.DateTimeFormat(lang, { weekday: "long", day: "numeric", month: "long", hour: "numeric", minute: "2-digit" });
  const near = new Intl.DateTimeFormat(lang, { hour: "numeric", minute: "2-digit" });
  const day = new Intl.RelativeTimeFormat(lang, { numeric: "auto" });
  for (const element of root.querySelectorAll("time[data-moment]")) {
    const when = new Date(element.dateTime);
    const days = Math.round((startOfDay(when) - startOfDay(new Date())) / 86_400_000);
    element.title = full.format(when);
    const isFar = when.getFullYear() !== new Date().getFullYear() && Math.abs(days) > 180;
    element.textContent = Math.abs(days) <= 1 ? `${day.format(days, "day")}, ${near.format(when)}` : (isFar ? full : thisYear).format(when);
  }
}

function startOfDay(when) {
  return new Date(when.getFullYear(), when.getMonth(), when.getDate()).getTime();
}

/** Show the times inside `root`, which the server wrote in UTC, in the viewer's time zone and language. */
export function showMoments(root, lang) {
  const full = new Intl.DateTimeFormat(lang, { dateStyle: "long", timeStyle: "short" });
  const near = new Intl.DateTimeFormat(lang, { hour: "2-digit", minute: "2-digit" });
  const day = new Intl.RelativeTimeFormat(lang, { numeric: "auto" });
  for (const element of root.querySelectorAll("time[data-moment]")) {
    const when = new Date(element.dateTime);
    const days = Math.round((startOfDay(when) - startOfDay(new Date())) / 86_400_000);
    element.title = full.format(when);
    element.textContent = Math.abs(days) <= 1 ? `${day.format(days, "day")}, ${near.format(when)}` : full.format(when);
  }
}

function startOfDay(when) {
  return new Date(when.getFullYear(), when.getMonth(), when.getDate()).getTime();
}

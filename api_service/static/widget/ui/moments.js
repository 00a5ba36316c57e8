/** Dates and times in the viewer's words, language and time zone. */

const AT = { ru: "в", en: "at" };
const DAY_MS = 86_400_000;

/** Beyond this a date tells its year, if that is another one. */
const FAR_DAYS = 180;

/** Return a Date as people say it: "tomorrow at 9:00 PM", "Saturday, December 5 at 9:00 PM", "December 5, 2027 at 9:00 PM". */
export function momentText(when, lang, now = new Date()) {
  const days = Math.round((startOfDay(when) - startOfDay(now)) / DAY_MS);
  if (Math.abs(days) <= 1) {
    const day = new Intl.RelativeTimeFormat(lang, { numeric: "auto" }).format(days, "day");
    return `${day} ${AT[lang]} ${new Intl.DateTimeFormat(lang, { hour: "numeric", minute: "2-digit" }).format(when)}`;
  }
  if (when.getFullYear() !== now.getFullYear() && Math.abs(days) > FAR_DAYS) return fullMomentText(when, lang);
  return new Intl.DateTimeFormat(lang, { weekday: "long", day: "numeric", month: "long", hour: "numeric", minute: "2-digit" }).format(when);
}

/** Return a Date with its year. */
export function fullMomentText(when, lang) {
  return new Intl.DateTimeFormat(lang, { dateStyle: "long", timeStyle: "short" }).format(when);
}

/** Return how long `ms` are until something that is planned: "2 days 3 hours", and within a day "5:07:09". */
export function untilText(ms, lang) {
  const seconds = Math.ceil(ms / 1000);
  const [days, hours, minutes] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3_600) % 24, Math.floor(seconds / 60) % 60];
  if (days === 0) {
    const two = (number) => String(number).padStart(2, "0");
    return `${hours ? `${hours}:${two(minutes)}` : minutes}:${two(seconds % 60)}`;
  }
  const unit = (number, name) => new Intl.NumberFormat(lang, { style: "unit", unit: name, unitDisplay: "long" }).format(number);
  return hours ? `${unit(days, "day")} ${unit(hours, "hour")}` : unit(days, "day");
}

function startOfDay(when) {
  return new Date(when.getFullYear(), when.getMonth(), when.getDate()).getTime();
}

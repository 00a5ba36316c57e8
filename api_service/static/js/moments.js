/** Show the times inside `root`, which the server wrote in UTC, in the viewer's time zone and language. */
import { fullMomentText, momentText } from "../widget/ui/moments.js";

export function showMoments(root, lang) {
  for (const element of root.querySelectorAll("time[data-moment]")) {
    const when = new Date(element.dateTime);
    element.title = fullMomentText(when, lang);
    element.textContent = momentText(when, lang);
  }
}

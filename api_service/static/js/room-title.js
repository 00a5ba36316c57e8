/** The room's name on its page, as it is now: its own, else its film's. */
import { text } from "./page-texts.js";

const hall = document.getElementById("hall");
const together = document.getElementById("together");
const site = document.querySelector(".brand").textContent.trim();

let own;

together.addEventListener("mt-state", () => {
  const { title } = together.room.room;
  if (title !== own) showTitle(title); // only once it changes: on the owner's page it may have changed before the room knows
});

/** Show the name that the room has now, null for none of its own; without an argument the same one with the film's title of now. */
export function showTitle(name = own) {
  own = name;
  const shown = name ?? hall.dataset.film;
  document.getElementById("hall-title").textContent = shown;
  document.getElementById("about-film").hidden = !name;
  document.getElementById("share").dataset.shareTitle = text("watch_together", { title: shown });
  const [unread] = document.title.match(/^\(\d+\) /) ?? [""];
  document.title = `${unread}${shown} · ${site}`;
}

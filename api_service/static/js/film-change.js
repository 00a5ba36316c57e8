/** The dialog in which the owner chooses another film for the room, also once one is over: its people, chat and link stay. */
import { call } from "./api.js";
import { busy, make } from "./dom.js";
import { text } from "./page-texts.js";
import { tellProblem } from "./toasts.js";

/** The catalogue is asked once the typing has paused for so long. */
const TYPED_MS = 300;
const SHOWN = 20;

const { code } = document.getElementById("hall").dataset;
const dialog = document.getElementById("film-change");

if (dialog) {
  const form = dialog.querySelector("form");
  const list = dialog.querySelector("ul");
  const nothing = dialog.querySelector(".films-none");
  let timer = null;
  let asked = 0;

  async function look() {
    const own = (asked += 1);
    try {
      const { items } = await call("GET", `/films?${new URLSearchParams({ q: form.elements.q.value.trim(), limit: String(SHOWN) })}`);
      if (own !== asked) return; // something else was typed meanwhile
      list.replaceChildren(...items.map(row));
      nothing.hidden = items.length > 0;
    } catch (error) {
      tellProblem(error);
    }
  }

  function row(film) {
    const choose = make("button", { class: "button", type: "button" }, text("film.choose"));
    choose.addEventListener("click", () => change(film, choose));
    return make("li", {}, make("span", { dir: "auto" }, film.title), choose);
  }

  /** The room tells everyone in it, this page too, which then loads the film. */
  async function change(film, button) {
    const start = form.elements.lobby.checked ? "together" : "at_once";
    try {
      await busy(button, () => call("POST", `/rooms/${code}/film`, { body: { film_id: film.id, start } }));
      dialog.close();
    } catch (error) {
      tellProblem(error);
    }
  }

  form.addEventListener("submit", (event) => event.preventDefault());
  form.elements.q.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, TYPED_MS);
  });
  for (const opener of document.querySelectorAll('[data-opens="film-change"]')) {
    opener.addEventListener("click", () => {
      opener.closest("dialog")?.close();
      look();
    });
  }
}

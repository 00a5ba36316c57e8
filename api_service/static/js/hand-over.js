/** The dialog in which the owner hands the room over: to somebody who is here, or to a friend. */
import { call, callAll } from "./api.js";
import { busy, chosenPeople, make, personChoice } from "./dom.js";
import { text } from "./page-texts.js";
import { tellProblem } from "./toasts.js";

const { code } = document.getElementById("hall").dataset;
const together = document.getElementById("together");
const form = document.querySelector("#hand-over form");
const submit = form.querySelector("[type=submit]");
const heirs = document.getElementById("heirs");

document.querySelector("[data-opens=hand-over]").addEventListener("click", async () => {
  submit.disabled = true;
  heirs.replaceChildren(make("div", { class: "skeleton" }));
  try {
    const friends = await callAll("/me/friends?status=accepted");
    const { members = [], you } = together.room ?? {};
    const people = new Map([...members, ...friends.map(({ person }) => person)].map((person) => [person.id, person]));
    people.delete(you?.id);
    heirs.replaceChildren(...[...people.values()].map((person) => personChoice(person, { type: "radio", name: "heir" })));
    if (people.size === 0) heirs.append(make("p", { class: "dim" }, text("no_heirs")));
  } catch (error) {
    heirs.replaceChildren();
    tellProblem(error);
  }
});

form.addEventListener("change", () => {
  submit.disabled = false;
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const [heir] = chosenPeople(form, "heir");
  try {
    await busy(submit, () => call("POST", `/rooms/${code}/transfer`, { body: { user_id: heir } }));
    location.reload(); // the page of somebody who does not own the room
  } catch (error) {
    tellProblem(error);
  }
});

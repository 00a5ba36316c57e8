/** A film's page: shows which friends want to watch it, and opens a room with them. */
import { call, callAll, newKey } from "./api.js";
import { busy, chosenPeople, face, make, personChoice } from "./dom.js";
import { localText } from "./local-time.js";
import { text } from "./page-texts.js";
import { tellProblem } from "./toasts.js";
import { ROOT } from "./root.js";

const who = document.getElementById("who");
const answer = document.getElementById("who-answer");
const watch = document.getElementById("watch");
const dialog = document.getElementById("watch-together");
const form = document.getElementById("invite");
const lead = document.getElementById("invite-lead");
const open = document.getElementById("open");
const wanting = form.querySelector("#invite-matches .invite__people");
const others = form.querySelector("#invite-others");
const moderators = document.getElementById("invite-moderators");
const startsAt = document.getElementById("starts-at");
const starts = document.getElementById("starts");

/** So many friends who have not marked the film are shown without being asked for: a phone has room for them. */
const SHOWN_UNASKED = 4;
const EVENING_H = 20;

// One idempotency key per request body: pressing twice, or again after a lost connection, opens one room.
let request = { body: null, key: null };
let people = []; // all friends

who.addEventListener("click", async () => {
  try {
    const matches = await busy(who, () => callAll(`/films/${form.dataset.film}/matches`));
    answer.replaceChildren(...(matches.length ? [answered(matches)] : [make("p", { class: "dim" }, text("nobody_wants"))]));
    who.setAttribute("aria-expanded", "true");
  } catch (error) {
    tellProblem(error);
  }
});

/** Return the friends of an answer, with their names. */
function answered(found) {
  return make("ul", { class: "who__people" }, ...found.map((person) => make("li", {}, face(person), make("span", { dir: "auto" }, person.name))));
}

watch.addEventListener("click", async () => {
  dialog.showModal();
  open.focus(); // one press is enough
  await showFriends();
});

// What was shared to the app leads to the sheet itself (pages/share_target.py).
if (location.hash === `#${dialog.id}`) watch.click();

async function showFriends() {
  try {
    await busy(open, async () => {
      const [matches, friends] = await Promise.all([callAll(`/films/${form.dataset.film}/matches`), callAll("/me/friends?status=accepted")]);
      people = friends.map(({ person }) => person);
      const ids = new Set(matches.map(({ id }) => id));
      const rest = friends.filter(({ person }) => !ids.has(person.id));
      wanting.replaceChildren(...matches.map((person) => personChoice(person, { checked: true })));
      others.querySelector(".invite__people").replaceChildren(...rest.map(({ person }) => personChoice(person)));
      wanting.parentElement.hidden = ids.size === 0;
      others.hidden = rest.length === 0;
      others.open = ids.size === 0 && rest.length > 0 && rest.length <= SHOWN_UNASKED;
      lead.textContent = text(ids.size ? "some_want" : rest.length ? "nobody_wants" : "no_friends");
      showCount();
    });
  } catch (error) {
    wanting.replaceChildren();
    tellProblem(error);
  }
  if (dialog.open) open.focus();
}

function showCount() {
  const number = chosenPeople(form).length;
  open.textContent = number ? text("open_with", { n: number }) : text("open_alone");
}

/** Say beside the folded settings what is chosen there, and beside the link who needs an account. */
function sumUp() {
  const letsGuestsIn = form.elements.guests.value !== "nobody";
  for (const note of form.querySelectorAll("[data-guests]")) note.hidden = (note.dataset.guests === "yes") !== letsGuestsIn;
  document.getElementById("invite-summary").textContent = [...form.querySelectorAll("[data-summed]")].map((question) => {
    const chosen = question.querySelector("input:checked").nextElementSibling.firstChild.textContent.trim();
    return `${question.querySelector("legend").textContent}: ${chosen[0].toLocaleLowerCase()}${chosen.slice(1)}`;
  }).join(" · ");
}

sumUp(); // a browser fills in again what was chosen before the page was left

form.addEventListener("change", () => {
  const { value } = form.elements.when;
  startsAt.hidden = value !== "later";
  document.getElementById("start-together").hidden = value !== "together";
  document.getElementById("start-early").hidden = value === "now";
  form.elements.guests.parentElement.hidden = form.elements.access.value !== "link";
  if (!startsAt.hidden && !starts.value) starts.value = localText(nextEvening(new Date()));
  showCount();
  sumUp();
});

// Those who are chosen may be named as moderators; who is ticked already stays so.
for (const change of ["change", "toggle"]) {
  form.addEventListener(change, ({ target }) => {
    if (!document.getElementById("invite-more").open || target.name === "moderator") return;
    const [chosen, named] = [new Set(chosenPeople(form)), new Set(chosenPeople(form, "moderator"))];
    const choices = people.filter(({ id }) => chosen.has(id)).map((person) => personChoice(person, { name: "moderator", checked: named.has(person.id) }));
    moderators.querySelector(".invite__people").replaceChildren(...choices);
    moderators.hidden = choices.length === 0;
  }, { capture: true }); // `toggle` does not bubble
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const startsText = plannedStart();
  if (startsText === undefined) return;
  const users = chosenPeople(form);
  const body = {
    title: form.elements.title.value.trim() || null,
    moderators: chosenPeople(form, "moderator").filter((id) => users.includes(id)),
    film_id: form.dataset.film,
    access: form.elements.access.value,
    control: form.elements.control.value,
    capacity: Number(form.elements.capacity.value),
    starts_at: startsText,
    settings: settings(),
    invite: { users },
  };
  const json = JSON.stringify(body);
  if (request.body !== json) request = { body: json, key: newKey() };
  try {
    await busy(open, async () => {
      const room = await call("POST", "/rooms", { body, key: request.key });
      location.assign(`${ROOT}rooms/${room.code}`);
      await new Promise(() => {}); // the button stays busy until the room's page replaces this one
    });
  } catch (error) {
    tellProblem(error);
  }
});

/** How a room starts for each answer to «When to start». */
const START = { now: "at_once", together: "together", later: "at" };

function settings() {
  const { access, guests, when, by_itself: byItself, hold, early_start: early, snap_on_pause: snap } = form.elements;
  const numbers = ["slow_mode_s", "wait_away_s", "wait_ad_s", "wait_until_members"].map((name) => [name, Number(form.elements[name].value)]);
  const invited = chosenPeople(form).length;
  return {
    ...Object.fromEntries(numbers), guests: access.value === "link" ? guests.value : "nobody", hold: hold.value === "yes", early_start: early.checked, snap_on_pause: snap.checked, start: START[when.value],
    // Whoever opens the room is one of those who have to be ready.
    start_when_ready: when.value === "together" && byItself.checked && invited ? invited + 1 : 0,
  };
}

// The browser's Back button shows the page as it was left: with the button busy.
addEventListener("pageshow", ({ persisted }) => {
  if (persisted) location.reload();
});

/** Return the chosen start as RFC 3339, null for right away, or undefined (and show why) if it is not in the future. */
function plannedStart() {
  const error = document.getElementById("starts-error");
  error.textContent = "";
  starts.removeAttribute("aria-invalid");
  if (form.elements.when.value !== "later") return null;
  const when = new Date(starts.value);
  if (when.getTime() > Date.now()) return when.toISOString();
  error.textContent = text("choose_time");
  starts.setAttribute("aria-invalid", "true");
  starts.focus();
  return undefined;
}

/** Return the next eight o'clock in the evening, by the viewer's clock. */
function nextEvening(now) {
  const evening = new Date(now.getFullYear(), now.getMonth(), now.getDate(), EVENING_H);
  if (evening <= now) evening.setDate(evening.getDate() + 1);
  return evening;
}

/** A film's page: who else wants to watch it, and a room with them. */
import { call, callAll, newKey } from "./api.js";
import { busy, personChoice } from "./dom.js";
import { text } from "./texts.js";
import { tellProblem } from "./toasts.js";

const who = document.getElementById("who");
const form = document.getElementById("invite");
const lead = document.getElementById("invite-lead");
const open = document.getElementById("open");
const wanting = form.querySelector("#invite-matches .invite__people");
const others = form.querySelector("#invite-others");
const startsAt = document.getElementById("starts-at");
const starts = document.getElementById("starts");

// One order, one key: pressing twice, or again after a broken line, opens one room.
let order = { body: null, key: null };

who.addEventListener("click", async () => {
  form.hidden = false;
  who.setAttribute("aria-expanded", "true");
  document.getElementById("invite-title").focus();
  form.scrollIntoView({ behavior: "smooth", block: "start" });
  await showFriends();
});

async function showFriends() {
  try {
    await busy(who, async () => {
      const [matches, friends] = await Promise.all([callAll(`/films/${form.dataset.film}/matches`), callAll("/me/friends?status=accepted")]);
      const ids = new Set(matches.map(({ id }) => id));
      const rest = friends.filter(({ person }) => !ids.has(person.id));
      wanting.replaceChildren(...matches.map((person) => personChoice(person, { checked: true })));
      others.querySelector(".invite__people").replaceChildren(...rest.map(({ person }) => personChoice(person)));
      wanting.parentElement.hidden = ids.size === 0;
      others.hidden = rest.length === 0;
      others.open = ids.size === 0;
      lead.textContent = text(ids.size ? "some_want" : rest.length ? "nobody_wants" : "no_friends");
      count();
    });
  } catch (error) {
    wanting.replaceChildren();
    tellProblem(error);
  }
}

function chosen() {
  return [...form.querySelectorAll("input[name=friend]:checked")].map(({ value }) => value);
}

function count() {
  const number = chosen().length;
  open.textContent = number ? text("open_with", { n: number }) : text("open_alone");
}

form.addEventListener("change", () => {
  startsAt.hidden = form.elements.when.value !== "later";
  count();
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const startsText = plannedStart();
  if (startsText === undefined) return;
  const body = {
    film_id: form.dataset.film,
    access: form.elements.access.value,
    control: form.elements.control.value,
    capacity: Number(form.elements.capacity.value),
    starts_at: startsText,
    settings: { hold: form.elements.hold.value === "yes", slow_mode_s: Number(form.elements.slow_mode_s.value) },
    invite: { users: chosen() },
  };
  const wording = JSON.stringify(body);
  if (order.body !== wording) order = { body: wording, key: newKey() };
  try {
    await busy(open, async () => {
      const room = await call("POST", "/rooms", { body, key: order.key });
      location.assign(`/rooms/${room.code}`);
      await new Promise(() => {}); // the button rests until the room's page is there
    });
  } catch (error) {
    tellProblem(error);
  }
});

// Coming back with «Back» shows the page as it was left: with a button at work.
addEventListener("pageshow", ({ persisted }) => {
  if (persisted) location.reload();
});

/** The chosen start as RFC 3339, null for right away, undefined if it is no future moment. */
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

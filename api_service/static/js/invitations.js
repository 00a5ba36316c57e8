/** The dialog in which the owner invites people, has a letter sent again, takes an invitation back, and names moderators. */
import { call, callAll, newKey } from "./api.js";
import { busy, chosenPeople, make, personChoice } from "./dom.js";
import { matches } from "../widget/core/people.js";
import { text } from "./page-texts.js";
import { tellProblem, toast } from "./toasts.js";

const room = `/rooms/${document.getElementById("hall").dataset.code}`;
const together = document.getElementById("together");
const dialog = document.getElementById("invite");
const form = document.getElementById("invite-more");
const list = document.getElementById("invite-friends");
const search = document.getElementById("invite-search");
const invited = document.getElementById("invited");

/** So many friends are searched rather than read. */
const SEARCH_FROM = 10;

/** After these there is nothing to send again or to take back. */
const OVER = new Set(["declined", "expired"]);

if (form) {
  document.querySelector("[data-opens=invite]").addEventListener("click", show);
  for (const change of ["change", "input"]) form.addEventListener(change, allow);
  form.addEventListener("submit", invite);
  form.elements.emails?.addEventListener("change", checkEmails);
  search.addEventListener("input", searchFriends);
}

async function show() {
  try {
    const [friends, all] = await Promise.all([callAll("/me/friends?status=accepted"), callAll(`${room}/invitations`)]);
    const standing = all.filter((one) => !one.revoked_at);
    showFriends(friends.map(({ person }) => person), new Set(standing.map(({ invitee }) => invitee.id)));
    together.expected = standing.filter(({ status }) => !OVER.has(status)).map(({ invitee, status }) => ({ ...invitee, answer: status === "accepted" ? status : null }));
    showInvited(standing, new Set(friends.map(({ person }) => person.id)));
  } catch (error) {
    list.replaceChildren();
    tellProblem(error);
  }
}

function showFriends(friends, already) {
  const others = friends.filter(({ id }) => !already.has(id));
  list.replaceChildren(...others.map((person) => personChoice(person)));
  if (others.length === 0) list.append(make("p", { class: "dim" }, text(friends.length ? "all_invited" : "no_friends")));
  search.hidden = others.length < SEARCH_FROM;
  if (search.hidden) search.value = "";
  searchFriends();
  allow();
}

/** Show the friends who are searched for, and those who are chosen already. */
function searchFriends() {
  for (const choice of list.querySelectorAll("label")) {
    choice.hidden = !choice.querySelector("input").checked && !matches(choice.textContent, search.value);
  }
}

/** Say why an address is not taken, once it is written to its end. */
function checkEmails() {
  const { emails: field } = form.elements;
  const error = document.getElementById("invite-emails-error");
  error.textContent = field.validity.valid ? "" : text("email_invalid");
  if (field.validity.valid) field.removeAttribute("aria-invalid");
  else field.setAttribute("aria-invalid", "true");
}

function emails() {
  const field = form.elements.emails;
  return field?.validity.valid ? field.value.split(",").map((one) => one.trim()).filter(Boolean) : [];
}

function allow() {
  form.querySelector("[type=submit]").disabled = chosenPeople(form).length + emails().length === 0;
}

async function invite(event) {
  event.preventDefault();
  const body = { users: chosenPeople(form), ...(form.elements.emails ? { emails: emails() } : {}) };
  try {
    await busy(form.querySelector("[type=submit]"), () => call("POST", `${room}/invitations`, { body, key: newKey() }));
    toast(text("invited"), text("invited.text"));
    form.reset();
    dialog.close();
    await show();
  } catch (error) {
    tellProblem(error);
  }
}

// -- those who are invited ------------------------------------------------------------------------------------------

function showInvited(invitations, friends) {
  invited.hidden = invitations.length === 0;
  document.getElementById("invited-counts").textContent = text("invited.counts", counted(invitations));
  invited.querySelector("ul").replaceChildren(...invitations.map((one) => row(one, friends.has(one.invitee.id))));
}

/** Return how many have answered what. */
function counted(invitations) {
  const answered = (status) => invitations.filter((one) => one.status === status).length;
  const yes = answered("accepted");
  const no = answered("declined");
  return { yes, no, none: invitations.length - yes - no };
}

function row(invitation, isFriend) {
  const { id, invitee, status, moderates } = invitation;
  const note = [text(`invitation.${status}`), moderates ? text("invitation.moderates") : null].filter(Boolean).join(" · ");
  const buttons = [
    OVER.has(status) ? null : action("resend", () => call("POST", `${room}/invitations/${id}/resend`, { key: newKey() })),
    moderates || !isFriend || OVER.has(status) ? null : action("moderator", () => makeModerator(invitee.id)),
    action("revoke", () => call("DELETE", `${room}/invitations/${id}`)),
  ];
  return make("li", { "data-invitee": invitee.id },
    make("span", { dir: "auto" }, invitee.name, make("small", {}, note)), make("div", { class: "buttons" }, ...buttons));
}

/** Return a button that does `work`, says so or why not, and shows the list anew. */
function action(name, work) {
  const button = make("button", { class: "button button--plain", type: "button", "data-do": name }, text(`invitation.do.${name}`));
  button.addEventListener("click", async () => {
    try {
      const done = await busy(button, work);
      toast(text(`invitation.done.${done ?? name}`));
      await show();
    } catch (error) {
      tellProblem(error);
    }
  });
  return button;
}

/** Return what to say: whoever has been in the room has their role from there. */
async function makeModerator(person) {
  const changed = await call("PATCH", room, { body: { moderators: [person] } });
  const now = changed.invitations.find(({ invitee, revoked_at: revokedAt }) => invitee.id === person && !revokedAt);
  return now?.moderates ? "moderator" : "moderator_inside";
}

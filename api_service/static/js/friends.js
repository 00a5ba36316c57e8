/** The page of friends: requests by e-mail, and a question before somebody is removed. */
import { call } from "./api.js";
import { busy } from "./dom.js";
import { refresh } from "./in-place.js";
import { text } from "./page-texts.js";
import { tellProblem, toast } from "./toasts.js";

const ask = document.getElementById("ask");
const email = document.getElementById("email");
const error = document.getElementById("email-error");
const removeDialog = document.getElementById("remove");

/** Whoever is to be removed is confirmed first; in-place.js sends all of these forms, and sees them later than this. */
document.addEventListener("submit", async (event) => {
  const { target: form, submitter } = event;
  if (submitter?.dataset.do !== "remove" || form.dataset.confirmed) return;
  event.preventDefault();
  const answer = await asked(form.closest("[data-person]").dataset.name);
  if (answer === "no") return;
  if (answer === "block") submitter.value = "block";
  form.dataset.confirmed = "yes";
  form.requestSubmit(submitter);
}, true);

ask.addEventListener("submit", async (event) => {
  event.preventDefault();
  showError("");
  email.value = email.value.trim();
  if (!email.value || !email.validity.valid) return showError(text("email_invalid"));
  const button = ask.querySelector("button");
  try {
    await busy(button, async () => {
      const { items } = await call("GET", `/people?email=${encodeURIComponent(email.value)}`);
      if (items.length === 0) return showError(text("email_unknown"));
      const known = document.querySelector(`#friends-lists [data-person="${items[0].id}"][data-status="accepted"]`);
      if (known) return showError(text("already_friends", { name: items[0].name }));
      const friend = await call("PUT", `/me/friends/${items[0].id}`);
      const { name } = friend.person;
      if (friend.status === "accepted") toast(text("accepted"), text("accepted.text", { name }));
      else toast(text("asked"), text("asked.text", { name }));
      ask.reset();
      return refresh();
    });
  } catch (problem) {
    if (problem.code === "friend_yourself") showError(text("email_yours"));
    else if (problem.code === "invalid_fields") showError(text("email_invalid"));
    else tellProblem(problem);
  }
  return undefined;
});

function showError(message) {
  error.textContent = message;
  email.toggleAttribute("aria-invalid", Boolean(message));
  if (message) {
    email.setAttribute("aria-invalid", "true");
    email.focus();
  }
}

function asked(name) {
  removeDialog.querySelector("h2").textContent = text("remove_name", { name });
  removeDialog.returnValue = "no";
  removeDialog.showModal();
  return new Promise((resolve) => {
    removeDialog.addEventListener("close", () => resolve(removeDialog.returnValue || "no"), { once: true });
  });
}

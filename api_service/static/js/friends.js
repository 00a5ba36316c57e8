/** The page of friends: requests by e-mail, answers to requests, removal. */
import { call } from "./api.js";
import { busy } from "./dom.js";
import { text } from "./page-texts.js";
import { tellProblem, toast } from "./toasts.js";

const lists = document.getElementById("friends-lists");
const ask = document.getElementById("ask");
const email = document.getElementById("email");
const error = document.getElementById("email-error");
const removeDialog = document.getElementById("remove");

lists.addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-do]");
  if (!button) return;
  const row = button.closest("[data-person]");
  const { person, name } = row.dataset;
  const action = button.dataset.do;
  if (action === "remove" && !(await confirmed(name))) return;
  try {
    await busy(button, () => call(action === "accept" ? "PUT" : "DELETE", `/me/friends/${person}`));
    if (action === "accept") toast(text("accepted"), text("accepted.text", { name }));
    await refresh();
  } catch (problem) {
    tellProblem(problem);
  }
});

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
      const known = lists.querySelector(`[data-person="${items[0].id}"][data-status="accepted"]`);
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

function confirmed(name) {
  removeDialog.querySelector("h2").textContent = text("remove_name", { name });
  removeDialog.returnValue = "no";
  removeDialog.showModal();
  return new Promise((resolve) => {
    removeDialog.addEventListener("close", () => resolve(removeDialog.returnValue === "yes"), { once: true });
  });
}

/** Load the lists anew: only the server knows the state of each friendship. */
async function refresh() {
  const response = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!response.ok) return location.reload();
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const fresh = page.getElementById("friends-lists");
  if (fresh) lists.replaceChildren(...fresh.children);
  return undefined;
}

/**
 * Common to every page: the watchlist button, copying links, dialogs, the next page of a list, times in the viewer's time zone, and what this device
 * keeps of the account's choices.
 */
import { isOn, turn } from "./alert-settings.js";
import { call } from "./api.js";
import { busy } from "./dom.js";
import { forgetTexts } from "../widget/core/unsent.js";
import "./install.js";
import { showMoments } from "./moments.js";
import { lang, text } from "./page-texts.js";
import { tellProblem, toast } from "./toasts.js";

showMoments(document, lang);

document.addEventListener("click", (event) => {
  const target = event.target.closest("[data-want], [data-copy], [data-share], [data-opens], [data-close], [data-more]");
  if (!target) return;
  if (target.dataset.want) want(target);
  else if (target.dataset.copy) copy(target.dataset.copy);
  else if (target.dataset.share) share(target.dataset);
  else if (target.dataset.opens) document.getElementById(target.dataset.opens).showModal();
  else if (target.dataset.more && !event.ctrlKey && !event.metaKey && !event.shiftKey) more(event, target);
  else if ("close" in target.dataset) target.closest("dialog").close();
});

document.addEventListener("change", ({ target }) => {
  if (target.matches?.("[data-submits]")) target.form.requestSubmit();
});

// What was chosen before this ran, on a slow line, is sent now.
for (const input of document.querySelectorAll("input[data-submits]")) {
  if (input.checked && !input.defaultChecked) input.form.requestSubmit();
}

for (const box of document.querySelectorAll("[data-alerts]")) {
  box.checked = isOn(box.dataset.alerts);
  box.closest(".alerts").hidden = false;
  box.addEventListener("change", async () => {
    const wanted = box.checked;
    box.checked = await turn(box.dataset.alerts, wanted);
    if (wanted && !box.checked) toast(text("alerts.denied"), text("alerts.denied.text"), { alarm: true });
  });
}

// A press outside a dialog closes it: only its backdrop and padding have the dialog itself as target.
document.addEventListener("pointerdown", (event) => {
  if (!(event.target instanceof HTMLDialogElement)) return;
  const { left, right, top, bottom } = event.target.getBoundingClientRect();
  if (event.clientX < left || event.clientX > right || event.clientY < top || event.clientY > bottom) event.target.close();
});

document.addEventListener("click", ({ target }) => {
  for (const menu of document.querySelectorAll("details.account[open]")) if (!menu.contains(target)) menu.open = false;
});
document.addEventListener("keydown", ({ key }) => {
  if (key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.account[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// What was typed and not sent is nobody else's: the next person may sit before the same browser.
document.addEventListener("submit", ({ target }) => {
  if (target.getAttribute("action")?.endsWith("/auth/sign-out")) forgetTexts();
});

async function want(button) {
  const wanted = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", String(wanted)); // shown at once, undone if the request fails
  try {
    await call(wanted ? "PUT" : "DELETE", `/me/watchlist/${button.dataset.want}`);
  } catch (error) {
    button.setAttribute("aria-pressed", String(!wanted));
    tellProblem(error);
  }
}

async function copy(link) {
  try {
    await navigator.clipboard.writeText(link);
    toast(text("copied"), text("copied.text"));
  } catch {
    const field = document.getElementById("room-link"); // no clipboard without TLS, or it was forbidden
    field?.focus();
    field?.select();
    if (field && document.execCommand("copy")) toast(text("copied"), text("copied.text"));
    else toast(text("copy_failed"), text("copy_failed.text"), { alarm: true });
  }
}

// Where the browser can share at all: on phones, mostly.
for (const button of document.querySelectorAll("[data-share]")) button.hidden = !navigator.share;

async function share({ share: url, shareTitle: title }) {
  try {
    await navigator.share({ title, url });
  } catch (error) {
    if (error.name !== "AbortError") await copy(url); // AbortError: the viewer has thought better of it
  }
}

async function more(event, link) {
  event.preventDefault();
  try {
    await busy(link, async () => {
      const response = await fetch(link.href, { headers: { Accept: "text/html" } });
      if (!response.ok) throw new TypeError(`the list answered ${response.status}`);
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      const list = document.getElementById(link.dataset.more);
      const found = [...(page.getElementById(link.dataset.more)?.children ?? [])];
      list.append(...found);
      showMoments(list, lang);
      const next = page.querySelector(`[data-more="${link.dataset.more}"]`);
      if (next) link.href = next.getAttribute("href");
      else link.parentElement.remove();
      found[0]?.querySelector("a")?.focus({ preventScroll: true });
    });
  } catch {
    location.href = link.href;
  }
}

/**
 * Forms that take effect without leaving the page. Each works without this script too: it is posted, and leads back to its page.
 *
 * A form inside an element with `data-in-place` is sent from here, and of the page that comes back every such element takes
 * the place of the one with its id. The pressed button's `data-done` says what is done then.
 */
import { ApiProblem } from "./api.js";
import { busy } from "./dom.js";
import { showMoments } from "./moments.js";
import { lang } from "./page-texts.js";
import { tellProblem, toast } from "./toasts.js";

document.addEventListener("submit", async (event) => {
  const { target: form, submitter } = event;
  if (event.defaultPrevented || form.method !== "post" || "leaves" in form.dataset || !form.closest("[data-in-place]")) return;
  event.preventDefault();
  const region = form.closest("[data-in-place]").id;
  const button = submitter ?? form.querySelector("[type=submit]");
  const focused = { name: document.activeElement?.name, value: document.activeElement?.value };
  const body = new URLSearchParams(new FormData(form));
  if (submitter?.name) body.append(submitter.name, submitter.value);
  try {
    const work = () => send(form.action, body);
    const page = button ? await busy(button, work) : await work(); // a choice is sent without any button
    showAnew(page);
    if (button?.dataset.done) toast(button.dataset.done, button.dataset.doneText ?? "");
    refocus(document.getElementById(region), focused);
  } catch (error) {
    tellProblem(error);
  }
});

/** Focus what was focused before a region was shown anew, or else what comes first in it. */
function refocus(region, { name, value }) {
  if (!region) return;
  const controls = [...region.querySelectorAll("input:not([type=hidden]), button, a[href]")];
  const same = name && controls.find((one) => one.name === name && one.value === value && one.type === "radio");
  (same || controls.find((one) => one.type !== "radio") || controls[0])?.focus({ preventScroll: true });
}

/** Return the page that a form leads to; throw an ApiProblem for one that says what went wrong. */
async function send(address, body) {
  let response;
  try {
    response = await fetch(address, { method: "POST", body, headers: { Accept: "text/html" } });
  } catch {
    throw new ApiProblem("offline");
  }
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  if (!response.ok) throw new ApiProblem(page.querySelector("[data-problem]")?.dataset.problem ?? `http_${response.status}`, { status: response.status });
  return page;
}

/** Show anew what may have changed on this page. */
export async function refresh() {
  const response = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (response.ok) showAnew(new DOMParser().parseFromString(await response.text(), "text/html"));
  else location.reload();
}

function showAnew(page) {
  for (const element of document.querySelectorAll("[data-in-place]")) {
    const fresh = page.getElementById(element.id);
    if (!fresh) {
      element.remove(); // there is nothing of it any more
      continue;
    }
    element.replaceWith(fresh);
    showMoments(fresh, lang);
  }
}

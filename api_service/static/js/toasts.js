/** Short messages at the foot of the page: what was done, or what went wrong and what helps. */
import { icon, make } from "./dom.js";
import { text } from "./page-texts.js";
import { ApiProblem } from "./api.js";

const SHOWN_MS = 6_000;
const PROBLEM_SHOWN_MS = 12_000;
const MOST = 3;

/** Shows a message; `action` is {href, name}. */
export function toast(title, words = "", { alarm = false, action = null } = {}) {
  const place = document.getElementById("toasts");
  const close = make("button", { class: "close", type: "button", "aria-label": text("close") }, icon("close"));
  const link = action && make("p", {}, make("a", { href: action.href }, action.name));
  const shown = make("div", { class: `toast${alarm ? " toast--alarm" : ""}` },
    make("div", {}, make("strong", {}, title), words ? make("p", {}, words) : null, link), close);
  const end = () => {
    shown.remove();
    if (!place.childElementCount) place.hidePopover?.();
  };
  close.addEventListener("click", end);
  setTimeout(end, alarm ? PROBLEM_SHOWN_MS : SHOWN_MS);
  place.append(shown);
  while (place.childElementCount > MOST) place.firstElementChild.remove();
  // The top layer: above an open dialog too. Shown again, it comes to the very top.
  if (place.matches(":popover-open")) place.hidePopover();
  place.showPopover?.();
}

/** Tells a failure in the viewer's words; what is no ApiProblem is a fault of the page and goes to the console. */
export function tellProblem(error) {
  if (!(error instanceof ApiProblem)) {
    toast(text("problem.internal_error"), text("problem.internal_error.text"), { alarm: true });
    throw error;
  }
  const again = `/auth/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`;
  const action = error.status === 401 ? { href: again, name: text("sign_in") } : null;
  toast(error.title, error.remedy, { alarm: true, action });
}

/** Short messages at the bottom of the page: what was done, or what went wrong and what to do about it. */
import { icon, make } from "./dom.js";
import { text } from "./page-texts.js";
import { ApiProblem } from "./api.js";
import { ROOT } from "./root.js";

const SHOWN_MS = 6_000;
const PROBLEM_SHOWN_MS = 12_000;
const SHOWN_AT_MOST = 3;

/** Show a message; `alarm` marks a problem, `action` is a link {href, name}. */
export function toast(title, details = "", { alarm = false, action = null } = {}) {
  const place = document.getElementById("toasts");
  const close = make("button", { class: "close", type: "button", "aria-label": text("close") }, icon("close"));
  const link = action && make("p", {}, make("a", { href: action.href }, action.name));
  const shown = make("div", { class: `toast${alarm ? " toast--alarm" : ""}` },
    make("div", {}, make("strong", {}, title), details ? make("p", {}, details) : null, link), close);
  const end = () => {
    shown.remove();
    if (!place.childElementCount) place.hidePopover?.();
  };
  close.addEventListener("click", end);
  setTimeout(end, alarm ? PROBLEM_SHOWN_MS : SHOWN_MS);
  place.append(shown);
  while (place.childElementCount > SHOWN_AT_MOST) place.firstElementChild.remove();
  // A popover lies above open dialogs, and shown again above later ones.
  if (place.matches(":popover-open")) place.hidePopover();
  place.showPopover?.();
}

/** Show a failure; an error that is not an ApiProblem is a bug of the page and is thrown on, to reach the console. */
export function tellProblem(error) {
  if (!(error instanceof ApiProblem)) {
    toast(text("problem.internal_error"), text("problem.internal_error.text"), { alarm: true });
    throw error;
  }
  const again = `${ROOT}auth/sign-in?next=${encodeURIComponent(`/${location.pathname.slice(ROOT.length)}${location.search}`)}`;
  const action = error.status === 401 ? { href: again, name: text("sign_in") } : null;
  toast(error.title, error.remedy, { alarm: true, action });
}

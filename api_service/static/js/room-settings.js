/** The dialog in which the owner and moderators change the room's name and settings and lift bans, and the dialog that confirms a ban. */
import { mayChangeSetting } from "../widget/core/permissions.js";
import { textsFor } from "../widget/ui/translations.js";
import { refusalPhrase } from "../widget/ui/phrases.js";
import { ApiProblem, call } from "./api.js";
import { busy, make } from "./dom.js";
import { localText } from "./local-time.js";
import { text } from "./page-texts.js";
import { showTitle } from "./room-title.js";
import { tellProblem, toast } from "./toasts.js";

const { code } = document.getElementById("hall").dataset;
const together = document.getElementById("together");
const opener = document.getElementById("settings-button");
const dialog = document.getElementById("room-settings");
const form = document.getElementById("arrange");
const starts = form.elements.starts_at; // the owner's
const bans = document.getElementById("bans");
const banDialog = document.getElementById("ban");
const banNow = document.getElementById("ban-now");

/** How to read each setting from its form field; the first three are the owner's, and changed over the API. */
const READ = {
  title: ({ value }) => value.trim(),
  starts_at: ({ value }) => value,
  access: ({ value }) => value,
  control: ({ value }) => value,
  capacity: ({ value }) => Number(value),
  guests: ({ value }) => value,
  slow_mode_s: ({ value }) => Number(value),
  start: ({ value }) => value,
  start_when_ready: ({ value }) => Number(value),
  wait_away_s: ({ value }) => Number(value),
  wait_ad_s: ({ value }) => Number(value),
  wait_until_members: ({ value }) => Number(value),
  snap_on_pause: ({ checked }) => checked,
  hold_max_s: ({ value }) => Number(value),
  hold: ({ checked }) => checked,
  locked: ({ checked }) => checked,
  early_start: ({ checked }) => checked,
};

const NAMES = Object.keys(READ).filter((name) => form.elements[name]);
const PLAN = { title: (name) => name || null, access: (access) => access, starts_at: (local) => (local ? new Date(local).toISOString() : null) };

/** What each field showed before this viewer changed it. */
const shown = new Map();

together.addEventListener("mt-state", () => {
  opener.hidden = !mayChangeSetting(together.room, "locked");
  if (opener.hidden && dialog.open) dialog.close(); // this viewer is no moderator any more
  else if (dialog.open) showFields();
});

together.addEventListener("mt-status", () => {
  if (together.endReason) opener.hidden = true;
});

opener.addEventListener("click", () => {
  if (starts) mistake("");
  shown.clear();
  showFields();
  dialog.showModal();
  showBans();
});

/** Show what the room has, but in the fields that this viewer has changed: others may change the same room meanwhile. */
function showFields() {
  const { room, playback } = together.room;
  const startsAt = room.starts_at ? localText(new Date(room.starts_at)) : "";
  const has = { ...room.settings, title: room.title ?? "", access: room.access, starts_at: startsAt };
  if (starts) document.getElementById("room-starts").hidden = playback.started; // as long as the film has not begun
  for (const name of NAMES) {
    const field = form.elements[name];
    if (!isChanged(name)) {
      show(field, has[name]);
      shown.set(name, READ[name](field));
    }
    field.disabled = !(name in PLAN) && !mayChangeSetting(together.room, name);
  }
}

function isChanged(name) {
  return shown.has(name) && READ[name](form.elements[name]) !== shown.get(name);
}

/** Return what this viewer has changed, {settings, plan} as room and API take them; null, and why, where the start is over. */
function changes() {
  const changed = NAMES.filter((name) => isChanged(name) && !form.elements[name].disabled);
  const settings = Object.fromEntries(changed.filter((name) => !(name in PLAN)).map((name) => [name, READ[name](form.elements[name])]));
  const planned = changed.filter((name) => name in PLAN && !(name === "starts_at" && together.room.playback.started));
  if (planned.includes("starts_at") && starts.value && !(new Date(starts.value) > new Date())) {
    mistake(text("choose_time"));
    starts.focus();
    return null;
  }
  return { settings, plan: Object.fromEntries(planned.map((name) => [name, PLAN[name](READ[name](form.elements[name]))])) };
}

function mistake(said) {
  if (said) starts.closest("details").open = true;
  document.getElementById("starts-error").textContent = said;
  if (said) starts.setAttribute("aria-invalid", "true");
  else starts.removeAttribute("aria-invalid");
}

function show(field, value) {
  if (field.type === "checkbox") field.checked = value;
  else if (field.localName === "select" && ![...field.options].some((one) => one.value === String(value))) {
    field.append(make("option", { value: String(value) }, textsFor(together).seconds(value)));
    field.value = String(value);
  } else field.value = String(value);
}

// The browser points at what is not filled in, which it cannot in a group that is folded.
form.addEventListener("invalid", ({ target }) => {
  const group = target.closest("details");
  if (group) group.open = true;
}, { capture: true });

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const wanted = changes();
  if (wanted === null) return undefined;
  const { settings, plan } = wanted;
  const [isPlanChanged, areSettingsChanged] = [plan, settings].map((one) => Object.keys(one).length > 0);
  if (!isPlanChanged && !areSettingsChanged) return dialog.close();
  try {
    await busy(event.submitter ?? form.querySelector("[type=submit]"), async () => {
      if (isPlanChanged) await call("PATCH", `/rooms/${code}`, { body: plan });
      if ("title" in plan) showTitle(plan.title);
      if (areSettingsChanged) await together.changeSettings(settings);
    });
    dialog.close();
    toast(text("arranged"));
  } catch (refusal) {
    if (refusal instanceof ApiProblem) tellProblem(refusal);
    else toast(refusalPhrase(refusal, textsFor(together)), "", { alarm: true });
  }
  return undefined;
});

// -- bans -----------------------------------------------------------------------------------------------------------

let banned = null;

document.addEventListener("mt-ban", ({ detail }) => {
  banned = detail;
  banDialog.querySelector("h2").textContent = text("ban_name", { name: detail.name });
  banDialog.showModal();
});

banNow.addEventListener("click", async () => {
  try {
    await busy(banNow, () => call("PUT", `/rooms/${code}/bans/${banned.id}`));
    banDialog.close();
  } catch (error) {
    tellProblem(error);
  }
});

async function showBans() {
  bans.hidden = true;
  try {
    const { items } = await call("GET", `/rooms/${code}/bans`);
    bans.querySelector("ul").replaceChildren(...items.map(({ person }) => row(person)));
    bans.hidden = items.length === 0;
  } catch (error) {
    tellProblem(error);
  }
}

function row(person) {
  const lift = make("button", { class: "button", type: "button" }, text("lift_ban"));
  lift.addEventListener("click", async () => {
    try {
      await busy(lift, () => call("DELETE", `/rooms/${code}/bans/${person.id}`));
      toast(text("ban_lifted", { name: person.name }));
      await showBans();
    } catch (error) {
      tellProblem(error);
    }
  });
  return make("li", {}, make("span", { dir: "auto" }, person.name), lift);
}

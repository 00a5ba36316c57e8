/** The dialog in which the owner and moderators change the room's name and settings and lift bans, and the dialog that confirms a ban. */
import { mayChangeSetting } from "../widget/core/permissions.js";
import { textsFor } from "../widget/ui/translations.js";
import { refusalPhrase } from "../widget/ui/phrases.js";
import { ApiProblem, call } from "./api.js";
import { busy, make } from "./dom.js";
import { localText } from "./local-time.js";
import { text } from "./page-texts.js";
import { tellProblem, toast } from "./toasts.js";

const { code } = document.getElementById("hall").dataset;
const together = document.getElementById("together");
const opener = document.getElementById("settings-button");
const dialog = document.getElementById("room-settings");
const form = document.getElementById("arrange");
const { title = null, starts_at: starts = null, access = null } = form.elements; // the owner's
const bans = document.getElementById("bans");
const banDialog = document.getElementById("ban");
const banNow = document.getElementById("ban-now");

/** How to read each setting from its form field. */
const READ = {
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

together.addEventListener("mt-state", () => {
  opener.hidden = !mayChangeSetting(together.room, "locked");
  if (opener.hidden && dialog.open) dialog.close(); // this viewer is no moderator any more
});

together.addEventListener("mt-status", () => {
  if (together.endReason) opener.hidden = true;
});

opener.addEventListener("click", () => {
  const { settings } = together.room.room;
  if (title) showPlan();
  for (const name of NAMES) {
    const field = form.elements[name];
    show(field, settings[name]);
    field.disabled = !mayChangeSetting(together.room, name);
  }
  dialog.showModal();
  showBans();
});

/** Show when the film begins, as long as it has not, and who can join: the owner changes these over the API. */
function showPlan() {
  const { room, playback } = together.room;
  document.getElementById("room-starts").hidden = playback.started;
  starts.defaultValue = starts.value = room.starts_at ? localText(new Date(room.starts_at)) : "";
  mistake("");
  access.value = room.access;
}

/** Return what of the room's plan the owner has changed, as the API takes it; null, and why, where the time is over. */
function planChanges() {
  if (!title) return {};
  const name = title.value.trim();
  const changes = { ...(name !== title.defaultValue ? { title: name || null } : {}), ...(access.value !== together.room.room.access ? { access: access.value } : {}) };
  if (starts.value === starts.defaultValue || together.room.playback.started) return changes;
  if (starts.value && !(new Date(starts.value) > new Date())) {
    mistake(text("choose_time"));
    starts.focus();
    return null;
  }
  return { ...changes, starts_at: starts.value ? new Date(starts.value).toISOString() : null };
}

function mistake(said) {
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

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { settings } = together.room.room;
  const fields = NAMES.filter((name) => !form.elements[name].disabled);
  const changes = Object.fromEntries(fields.map((name) => [name, READ[name](form.elements[name])]).filter(([name, value]) => value !== settings[name]));
  const plan = planChanges();
  if (plan === null) return undefined;
  const isPlanChanged = Object.keys(plan).length > 0;
  if (Object.keys(changes).length === 0 && !isPlanChanged) return dialog.close();
  try {
    await busy(event.submitter ?? form.querySelector("[type=submit]"), async () => {
      if (isPlanChanged) await call("PATCH", `/rooms/${code}`, { body: plan });
      if ("title" in plan) showTitle(plan.title);
      if (Object.keys(changes).length > 0) await together.changeSettings(changes);
    });
    dialog.close();
    toast(text("arranged"));
  } catch (refusal) {
    if (refusal instanceof ApiProblem) tellProblem(refusal);
    else toast(refusalPhrase(refusal, textsFor(together)), "", { alarm: true });
  }
  return undefined;
});

/** Show the room's name, or its film's without one. */
function showTitle(name) {
  const before = document.getElementById("hall-title").textContent;
  const shown = name ?? title.dataset.film;
  title.defaultValue = name ?? "";
  document.getElementById("hall-title").textContent = shown;
  document.title = document.title.replace(before, () => shown);
}

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

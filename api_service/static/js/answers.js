/** The buttons by which an invited person says whether they are coming. */
import { call } from "./api.js";
import { busy } from "./dom.js";
import { text } from "./page-texts.js";
import { tellProblem, toast } from "./toasts.js";

document.addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-answer]");
  if (!button) return;
  const { invitation, answer } = button.dataset;
  try {
    await busy(button, () => call("PUT", `/me/invitations/${invitation}`, { body: { answer } }));
    for (const one of document.querySelectorAll(`[data-invitation="${invitation}"]`)) one.setAttribute("aria-pressed", String(one === button));
    toast(text(`answered.${answer}`));
  } catch (error) {
    tellProblem(error);
  }
});

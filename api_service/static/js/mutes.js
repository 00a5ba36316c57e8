/** The buttons by which a person gets no letters about an inviter's rooms, or gets them again. */
import { call } from "./api.js";
import { busy } from "./dom.js";
import { text } from "./page-texts.js";
import { tellProblem, toast } from "./toasts.js";

document.addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-mute]");
  if (!button) return;
  const { mute } = button.dataset;
  const isMuted = button.getAttribute("aria-pressed") === "true";
  try {
    await busy(button, () => call(isMuted ? "DELETE" : "PUT", `/me/muted/${mute}`));
    for (const one of document.querySelectorAll(`[data-mute="${mute}"]`)) one.setAttribute("aria-pressed", String(!isMuted));
    toast(text(isMuted ? "unmuted" : "muted"), text(isMuted ? "unmuted.text" : "muted.text"));
  } catch (error) {
    tellProblem(error);
  }
});

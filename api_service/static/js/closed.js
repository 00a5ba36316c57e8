/** The page of a closed room, with which its owner may open it again. */
import { call } from "./api.js";
import { busy } from "./dom.js";
import { tellProblem } from "./toasts.js";

document.getElementById("reopen").addEventListener("click", async ({ currentTarget }) => {
  try {
    await busy(currentTarget, () => call("POST", `/rooms/${currentTarget.dataset.code}/reopen`));
    location.reload();
  } catch (error) {
    tellProblem(error);
  }
});

/** Whom this viewer has blocked: told to the player, and changed from the menu of a member. */
import { call } from "./api.js";
import { busy } from "./dom.js";
import { text } from "./page-texts.js";
import { tellProblem, toast } from "./toasts.js";

const together = document.getElementById("together");
const dialog = document.getElementById("block");
const blockNow = document.getElementById("block-now");

let asked = null;

together.blocked = JSON.parse(document.getElementById("hall").dataset.blocked);

document.addEventListener("mt-block", async ({ detail }) => {
  asked = detail;
  if (detail.blocked) {
    dialog.querySelector("h2").textContent = text("block_name", { name: detail.name });
    dialog.showModal();
  } else await change("DELETE", "unblocked", together.blocked.filter((id) => id !== detail.id));
});

blockNow.addEventListener("click", async () => {
  await busy(blockNow, () => change("PUT", "blocked", [...together.blocked, asked.id]));
  dialog.close();
});

async function change(method, done, blocked) {
  try {
    await call(method, `/me/blocked/${asked.id}`);
    together.blocked = blocked;
    toast(text(done, { name: asked.name }));
  } catch (error) {
    tellProblem(error);
  }
}

/** Makes the site an app: it has a page for when there is no connection, and a button to install it where the browser lets us ask. */
import { lang } from "./page-texts.js";
import { ROOT } from "./root.js";

const button = document.getElementById("install");
let offer = null;

// Once the page is there: it needs the line more. Without https, or in a private window, there is no such thing.
addEventListener("load", () => {
  if (parent === window) navigator.serviceWorker?.register(`${ROOT}service-worker.js?lang=${lang}`).catch(() => {});
});

addEventListener("beforeinstallprompt", (event) => {
  if (!button) return;
  event.preventDefault(); // we ask where the viewer looks for it
  offer = event;
  button.hidden = false;
});

addEventListener("appinstalled", () => {
  if (button) button.hidden = true;
});

button?.addEventListener("click", () => {
  button.hidden = true; // an offer can be made once
  offer.prompt();
});

/** Whether this device tells of messages while the page is hidden: by a sound, by the system's notifications. Nothing unless it was switched on. */
import { load, save } from "../widget/core/storage.js";

const key = (kind) => `movie-together.alerts.${kind}`;

/** Whether the device may show notifications: "granted", "denied", "default" (it was not asked yet), or "none" where there are none. */
const permission = () => globalThis.Notification?.permission ?? "none";

/** Return whether the device tells of messages by `kind`, "sound" or "notifications", which it may forbid meanwhile. */
export function isOn(kind) {
  return load(key(kind)) === "yes" && (kind === "sound" || permission() === "granted");
}

/** Switch `kind` on or off, at a press: the browser asks for its permission then. Resolve to whether it is on. */
export async function turn(kind, on) {
  if (on && kind === "notifications" && permission() === "default") await Notification.requestPermission();
  save(key(kind), on ? "yes" : null);
  return isOn(kind);
}

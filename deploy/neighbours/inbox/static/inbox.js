// What the page does besides showing: grows the frame to its mail, deletes, and reloads when mail has come.

const frame = document.querySelector("iframe");
const fit = () => {
  const mail = frame.contentDocument?.documentElement;
  if (!mail) return;
  frame.style.height = "0"; // else a mail that became shorter would keep its old height
  frame.style.height = `${mail.scrollHeight + 2}px`;
};
if (frame) {
  frame.addEventListener("load", fit);
  new ResizeObserver(fit).observe(document.body);
  fit();
}

// The server tells times of its own zone; the reader's browser knows better.
const tellTimes = (within) => {
  const format = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
  for (const time of within.querySelectorAll("time")) time.textContent = format.format(new Date(time.dateTime));
};
tellTimes(document);

const clear = document.querySelector("#clear");
if (clear) {
  clear.hidden = false;
  clear.addEventListener("click", async () => {
    if (!confirm(clear.dataset.sure)) return;
    const to = clear.dataset.to;
    await fetch(to ? `/api/messages?to=${encodeURIComponent(to)}` : "/api/messages", { method: "DELETE" });
    location.assign("/");
  });
}

// A mail that is open is not taken away from its reader: only the list beside it is renewed.
const refresh = async () => {
  if (document.hidden) return;
  try {
    const { version } = await (await fetch("/api/version")).json();
    if (String(version) === document.body.dataset.version) return;
    const page = new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html");
    const list = page.querySelector(".list");
    if (!list) return;
    tellTimes(list);
    document.querySelector(".list").replaceWith(list);
    document.body.dataset.version = page.body.dataset.version;
    if (!clear && page.querySelector("#clear")) location.reload();
  } catch {
    // The inbox was stopped: the next turn finds it when it is back.
  }
};
setInterval(refresh, 2000);
document.addEventListener("visibilitychange", refresh);

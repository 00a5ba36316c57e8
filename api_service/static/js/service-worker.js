/**
 * Shows a page of the site's own when there is no connection, and the room whose notification was pressed. Everything else goes over the network as
 * without it.
 */

const { searchParams } = new URL(location.href);
const OFFLINE = `offline?lang=${searchParams.get("lang")}`;

/** One language at a time: with another one the address of this script changes, and so it is installed anew. */
const CACHE = "offline";

/** What the page names and is seen without: its styles. */
const STYLES = /<link rel="stylesheet" href="([^"]+)"/g;

addEventListener("install", (event) => event.waitUntil(keep()));
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.mode === "navigate") event.respondWith(orKept(request, OFFLINE));
  else if (request.destination === "style") event.respondWith(orKept(request, request));
});
addEventListener("notificationclick", (event) => event.waitUntil(showRoom(event.notification)));

async function showRoom(notification) {
  notification.close();
  const { url } = notification.data;
  const pages = await clients.matchAll({ type: "window", includeUncontrolled: true });
  const room = pages.find((page) => page.url === url);
  await (room ? room.focus() : clients.openWindow(url));
}

async function keep() {
  skipWaiting();
  const page = await fetch(OFFLINE, { credentials: "omit" }); // not as somebody, whose name it would keep
  if (!page.ok) throw new TypeError(`${OFFLINE} answered ${page.status}`);
  const html = await page.clone().text();
  await caches.delete(CACHE);
  const cache = await caches.open(CACHE);
  await cache.addAll([...html.matchAll(STYLES)].map(([, href]) => href));
  await cache.put(OFFLINE, page);
}

async function orKept(request, instead) {
  try {
    return await fetch(request);
  } catch (error) {
    const kept = await caches.match(instead);
    if (kept) return kept;
    throw error;
  }
}

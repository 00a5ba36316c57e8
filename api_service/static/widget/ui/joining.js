/** How a <movie-together> gets its tickets from the API, by what its attributes and its token say. */
import { joinBy } from "../core/socket.js";

/** Return the function that gets a ticket, or null as long as something of it is not set: the room, or the token on another origin. */
export function joinOf(element, { api, token }) {
  const code = element.getAttribute("code");
  const own = code && `${(element.getAttribute("api") ?? api).replace(/\/$/, "")}/rooms/${encodeURIComponent(code)}/join`;
  const given = element.getAttribute("join-url") || own;
  if (!given) return null;
  const url = new URL(given, document.baseURI);
  // Only a page of the site itself has its cookies; any other needs the token, which it may set later.
  return token || url.origin === location.origin ? joinBy(url.href, { token }) : null;
}

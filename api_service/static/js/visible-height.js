/**
 * Keeps the room in the part of the window that a phone's keyboard leaves, where the browser does not resize the page for it
 * (`interactive-widget` in the page's viewport is ignored by Safari).
 */
const { visualViewport } = window;

function fit() {
  // A page that is zoomed in has a small visual viewport too, and is not to be laid out for it.
  const covered = visualViewport.scale === 1 && innerHeight - visualViewport.height > 1;
  document.documentElement.style.setProperty("--visible-height", covered ? `${visualViewport.height}px` : "100dvh");
  if (covered) scrollTo(0, 0); // the browser has scrolled the field into view that is in view now
}

visualViewport?.addEventListener("resize", fit);

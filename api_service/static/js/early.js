/**
 * Keeps what is clicked before the page's modules have run, and does it once they have: on a slow line a button stands
 * there for seconds before it works. A classic script, so that it runs before anything can be clicked.
 */
"use strict";
{
  const early = new Set();
  const keep = (event) => {
    const button = event.target instanceof Element && event.target.closest('button[type="button"]');
    if (!button) return;
    // A module may listen already while others are still to come: nothing is done twice.
    event.stopImmediatePropagation();
    early.add(button);
  };
  addEventListener("click", keep, true);
  // Modules run before this event.
  addEventListener("DOMContentLoaded", () => {
    removeEventListener("click", keep, true);
    for (const button of early) if (button.isConnected) button.click();
  });
}

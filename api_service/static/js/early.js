/**
 * Holds back clicks on buttons until the page's modules have run, then repeats them: on a slow line a button is visible for
 * seconds before it works. A classic script, so that it runs before anything can be clicked.
 */
"use strict";
{
  const clicked = new Set();
  const holdBack = (event) => {
    const button = event.target instanceof Element && event.target.closest('button[type="button"]');
    if (!button) return;
    // Some modules may have run already: without this the click would take effect twice.
    event.stopImmediatePropagation();
    clicked.add(button);
  };
  addEventListener("click", holdBack, true);
  // Modules run before this event.
  addEventListener("DOMContentLoaded", () => {
    removeEventListener("click", holdBack, true);
    for (const button of clicked) if (button.isConnected) button.click();
  });
}

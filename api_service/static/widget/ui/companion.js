/** Connects the elements beside the film (chat, people, reactions) to their <movie-together>. */

/**
 * Return {together, bind(), release()} for an element: `bind` finds the <movie-together> named by its attribute `for` and adds
 * `listeners` (by event type) to it. `onBound(together)` is called with it or null, since it may have entered the room before.
 */
export function companionOf(element, listeners, onBound = () => {}) {
  const companion = { together: null, bind, release: () => attach(null) };

  function attach(together) {
    for (const [type, listener] of Object.entries(listeners)) {
      companion.together?.removeEventListener(type, listener);
      together?.addEventListener(type, listener);
    }
    companion.together = together;
    onBound(together);
  }

  function bind() {
    const find = () => attach(element.getRootNode().getElementById?.(element.getAttribute("for")) ?? null);
    // On a page that is still being parsed the <movie-together> may come after this element.
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", find, { once: true });
    else find();
  }

  return companion;
}

/** How the elements beside the film find their <movie-together> and hear it. */

/**
 * `listeners` are by event type; `bound` is called with the <movie-together> (or null) once it is found, as it may have entered the
 * room before.
 */
export function companionOf(element, listeners, bound = () => {}) {
  const companion = { together: null, bind, letGo: () => attach(null) };

  function attach(together) {
    for (const [type, listener] of Object.entries(listeners)) {
      companion.together?.removeEventListener(type, listener);
      together?.addEventListener(type, listener);
    }
    companion.together = together;
    bound(together);
  }

  function bind() {
    const find = () => attach(element.getRootNode().getElementById?.(element.getAttribute("for")) ?? null);
    // The <movie-together> may stand behind its companions on a page that is still being read.
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", find, { once: true });
    else find();
  }

  return companion;
}

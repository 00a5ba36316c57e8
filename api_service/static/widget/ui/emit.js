/** Dispatch an event of the widget at one of its elements; it bubbles, and crosses shadow trees. */
export function emit(element, name, detail) {
  element.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
}

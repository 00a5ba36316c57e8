/** The page's words in the viewer's language; the server puts them into the page as data. */
const data = JSON.parse(document.getElementById("page-data").textContent);

export const lang = data.lang;

/** A text by its name, with `%(name)s` filled in; `fallback` where there is none. */
export function text(name, values = {}, fallback = name) {
  const found = data.texts[name] ?? fallback;
  return found.replace(/%\((\w+)\)s/g, (whole, key) => (key in values ? values[key] : whole));
}

/** The page's texts in the viewer's language, which the server puts into the page as data. */
const data = JSON.parse(document.getElementById("page-data").textContent);

export const lang = data.lang;

/** The address of the icons, one picture of which each is a part. */
export const icons = data.icons;

/** Return a text by its name with each `%(key)s` replaced from `values`, or `fallback` if there is none. */
export function text(name, values = {}, fallback = name) {
  const found = data.texts[name] ?? fallback;
  return found.replace(/%\((\w+)\)s/g, (whole, key) => (key in values ? values[key] : whole));
}

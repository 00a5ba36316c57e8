/** The path that everything of the site is below, with a slash at its end: "/" unless PUBLIC_URL has a path. */
export const ROOT = new URL("../../", import.meta.url).pathname;

/**
 * Notices that a module of the page did not load, tries again, and says it: otherwise one lost request leaves a black player for ever.
 * A classic script that needs nothing else, to be put before the modules; it works for the page's own modules too.
 */
"use strict";
{
  const RETRY_AFTER_MS = [500, 1_500, 4_000, 8_000];

  /** Modules that have not come for so long, though no error was told, are told about; they may still come. */
  const SLOW_MS = 20_000;

  const TEXTS = {
    en: { title: "The player did not load", text: "Check the connection and try again.", button: "Try again" },
    ru: { title: "Плеер не загрузился", text: "Проверьте соединение и попробуйте ещё раз.", button: "Попробовать ещё раз" },
  };
  const CSS = `
    :host { position: absolute; inset: 0; z-index: 3; display: grid; place-content: center; justify-items: center; gap: .6rem; padding: 1rem;
      text-align: center; font: 1rem/1.4 system-ui, sans-serif; background: rgb(8 9 13 / .93); color: #f1eee8; }
    p { margin: 0; }
    .title { font-size: 1.15rem; font-weight: 600; }
    button { font: inherit; margin-top: .5rem; padding: .6rem 1.2rem; border: 0; border-radius: 999px; background: #f0b35a; color: #1c1408; cursor: pointer; }
  `;
  const tries = new WeakMap();

  const tell = () => {
    const missing = [...document.querySelectorAll(":not(:defined)")].filter(({ localName }) => localName.startsWith("movie-together"));
    const players = missing.filter(({ localName }) => localName === "movie-together");
    for (const element of players.length ? players : missing) cover(element);
  };

  const cover = (element) => {
    if (element.querySelector(":scope > [data-load-guard]")) return;
    const texts = TEXTS[element.closest("[lang]")?.lang.slice(0, 2)] ?? TEXTS.en;
    const node = document.createElement("div");
    node.setAttribute("data-load-guard", "");
    node.setAttribute("role", "alert");
    const root = node.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet(); // a content security policy may forbid <style>
    sheet.replaceSync(CSS);
    root.adoptedStyleSheets = [sheet];
    for (const name of ["title", "text"]) {
      const line = root.appendChild(document.createElement("p"));
      line.className = name;
      line.textContent = texts[name];
    }
    const button = root.appendChild(document.createElement("button"));
    button.type = "button";
    button.textContent = texts.button;
    button.addEventListener("click", () => location.reload());
    // Without its module the element has no box of its own that could be covered; the style goes with the cover.
    const before = element.style.cssText;
    Object.assign(element.style, { position: "relative", display: "block" });
    element.append(node);
    customElements.whenDefined(element.localName).then(() => {
      element.style.cssText = before;
      node.remove();
    });
    for (const line of document.querySelectorAll("[data-until-loaded]")) line.textContent = texts.title;
  };

  addEventListener("error", ({ target }) => {
    if (!(target instanceof HTMLScriptElement) || target.type !== "module") return;
    const tried = tries.get(target) ?? 0;
    if (tried === RETRY_AFTER_MS.length) return void tell();
    setTimeout(() => {
      const copy = document.createElement("script");
      for (const { name, value } of target.attributes) copy.setAttribute(name, value);
      copy.nonce = target.nonce;
      copy.textContent = target.textContent;
      tries.set(copy, tried + 1);
      target.replaceWith(copy);
    }, RETRY_AFTER_MS[tried]);
  }, true);

  addEventListener("DOMContentLoaded", () => setTimeout(tell, SLOW_MS));
}

"""Every page and state by axe-core, in each width, colour scheme and language: nothing that it knows to be wrong."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from playwright.async_api import Page

from tests.e2e.conftest import NewViewer
from tests.e2e.screens import SCREENS, Scheme, Shot, shoot, write_contact_sheet
from tests.e2e.site import Site
from tests.e2e.states import Tour
from tests.e2e.widget.conftest import SignIn

AXE = (Path(__file__).parents[3] / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")
# Of what axe knows, only contrast depends on the colour scheme.
RULES = {"light": {}, "dark": {"runOnly": ["color-contrast"]}}
# What differs between the languages is the length of words, which matters most where it is narrow.
SIZES = {"ru": ((360, 740), (768, 1024), (1440, 900)), "en": ((360, 740),)}
RUN = """async options => {
  for (const one of document.getAnimations()) if (one.effect.getComputedTiming().endTime !== Infinity) one.finish();
  const { violations } = await axe.run(document, { resultTypes: ["violations"], ...options });
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target, html, failureSummary }) =>
    `${id}: ${target.flat().join(" ")} ${html.slice(0, 120)} ${failureSummary.split("\\n")[1]}`));
}"""


class Inspector:
    """Looks at what a page shows, in each width and colour scheme."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.found: list[str] = []
        self.shots: list[Shot] = []

    async def look(self, state: str, page: Page) -> None:
        if not await page.evaluate("'axe' in window"):
            await page.evaluate(AXE)
        for width, height in SIZES[self.language]:
            await page.set_viewport_size({"width": width, "height": height})
            for scheme in get_args(Scheme):
                await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
                variant = f"{width} {self.language} {scheme}"
                self.shots.append(await shoot(page, SCREENS / f"states-{self.language}", state, variant))
                found = await page.evaluate(RUN, RULES[scheme])
                self.found += [f"{state}, {variant}: {one}" for one in found]


@pytest.mark.chromium("colour schemes are emulated")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("language", ["ru", "en"])
async def test_axe_finds_nothing_on_any_page_in_any_state(
    new_viewer: NewViewer, sign_in: SignIn, site: Site, language: str
) -> None:
    elena, boris, nobody = await new_viewer("elena"), await new_viewer("boris"), await new_viewer("grace")
    for viewer in (elena, boris):
        await sign_in(viewer)
    for viewer in (elena, boris, nobody):
        await viewer.context.add_cookies([{"name": "lang", "value": language, "url": site.url}])
    inspector = Inspector(language)

    await Tour(site.url, elena, boris, nobody, inspector.look).walk()

    write_contact_sheet(SCREENS / f"states-{language}", inspector.shots)
    assert inspector.found == [], "\n".join(inspector.found)
    await nobody.page.goto(f"{site.url}/")
    await nobody.page.locator(".skip").evaluate("link => { link.firstChild.remove(); }")
    await nobody.page.locator(".welcome > .button--lamp").evaluate("one => { one.style.color = '#d0a050'; }")
    await inspector.look("with two mistakes", nobody.page)
    seen = {(one.split(": ")[0].rpartition(" ")[2], one.split(": ")[1]) for one in inspector.found}
    assert {("light", "link-name"), ("light", "color-contrast"), ("dark", "color-contrast")} <= seen, "it sees mistakes"

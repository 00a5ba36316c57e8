"""The browsers of the tests: Debian's Chromium, over its DevTools protocol, and Firefox, over WebDriver BiDi."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from typing import Final, Literal

from playwright.async_api import Browser, Playwright

BrowserName = Literal["chromium", "firefox"]
BROWSER_NAMES: Final[tuple[BrowserName, ...]] = ("chromium", "firefox")

# They keep Chromium from calling home.
CHROMIUM_FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SOUND_AT_ONCE: Final = "--autoplay-policy=no-user-gesture-required"
SOUND_AFTER_A_PRESS: Final = "--autoplay-policy=document-user-activation-required"

# Playwright's own keep Firefox from calling home, and have it show no answer in JSON, as Firefox does by itself.
FIREFOX_PREFS: Final[Mapping[str, str | float | bool]] = {
    "devtools.jsonview.enabled": True,
    "full-screen-api.warning.timeout": 0,
    "full-screen-api.transition-duration.enter": "0 0",
    "full-screen-api.transition-duration.leave": "0 0",
}
FIREFOX_SOUND_AT_ONCE: Final = {"media.autoplay.default": 0}
# Asked for by the handler of a press (2): a press at any time before (0, the default) is what Firefox takes each
# evaluation of Playwright's for.
FIREFOX_SOUND_IN_A_PRESS: Final = {"media.autoplay.default": 1, "media.autoplay.blocking_policy": 2}
# What viewers ask their system for. Over WebDriver BiDi neither a context's options nor `emulate_media` change that, so
# that Firefox is launched with it; Chromium is told by those.
FIREFOX_DARK: Final = {"layout.css.prefers-color-scheme.content-override": 0}
FIREFOX_LESS_MOTION: Final = {"ui.prefersReducedMotion": 1}
FIREFOX_FORCED_COLOURS: Final = {"browser.display.document_color_use": 2}
FIREFOX_WITHOUT_NOTIFICATIONS: Final = {"permissions.default.desktop-notification": 2}  # as Chromium, headless


async def launch(
    playwright: Playwright,
    name: BrowserName = "chromium",
    *,
    sound_at_once: bool = True,
    flags: Sequence[str] = (),
    without: Sequence[str] = (),
    prefs: Mapping[str, str | float | bool] | None = None,
) -> Browser:
    """Return a headless browser, which the caller closes.

    ``sound_at_once`` lets a page play sound before anybody has pressed anything. ``flags`` are added to Chromium's,
    ``without`` leaves out those of Playwright's; ``prefs`` are added to Firefox's. Raise AssertionError where Debian's
    package of that browser is missing.
    """
    if name == "firefox":
        heard = FIREFOX_SOUND_AT_ONCE if sound_at_once else FIREFOX_SOUND_IN_A_PRESS
        given = {**FIREFOX_PREFS, **heard, **(prefs or {})}
        return await playwright.firefox.launch(
            channel="moz-firefox", executable_path=_program("firefox-esr"), firefox_user_prefs=given
        )
    sound = SOUND_AT_ONCE if sound_at_once else SOUND_AFTER_A_PRESS
    return await playwright.chromium.launch(
        executable_path=_program("chromium"), args=[*CHROMIUM_FLAGS, sound, *flags], ignore_default_args=[*without]
    )


def _program(package: str) -> str:
    found = shutil.which(package)
    assert found is not None, f"these tests need Debian's package {package}"
    return found

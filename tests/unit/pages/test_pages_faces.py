"""A person has the same two letters in the same colour in the room and on every page, in colours that can be read."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from api_service.pages import preview_picture
from api_service.pages.faces import COLOURS, colour_of, letters_of
from deploy.local.program import plain_environment

STATIC = Path(__file__).parents[3] / "api_service" / "static"
IDS = [f"01a20876-fdc0-74b7-bc9f-{n:012x}" for n in range(256)]
# An accent that is a character of its own, a flag, a family in one emoji, a right-to-left script, digits.
LETTERS = {
    "Елена Соболь": "ЕС",
    "carla": "CA",
    "Ли": "ЛИ",
    "x": "X",
    "Жан Поль Бельмондо": "ЖП",
    "e\u0301ric": "E\u0301R",
    "й\u0306од": "Й\u0306О",
    "«Кот» (рыжий)": "КР",
    "O'Neil": "ON",
    "🇫🇷 Marie Curie": "MC",
    "👩‍👩‍👧 семья": "СЕ",
    "👩‍👩‍👧": "👩‍👩‍👧",
    "straße": "ST",
    "נועה כהן": "נכ",
    "007": "00",
    "  ": "?",
    "": "?",
}
READABLE = 4.5  # WCAG 2.2, 1.4.3


def of_scripts(expression: str, texts: list[str]) -> list[object]:
    """Return what the scripts of pages and widget make of each text."""
    script = f'import {{ colourOf, COLOURS }} from "{STATIC}/widget/ui/name-colours.js";'
    script += f'import {{ lettersOf }} from "{STATIC}/widget/ui/face.js";'
    script += f"console.log(JSON.stringify(process.argv.slice(1).map({expression})))"
    ran = subprocess.run(
        ["node", "--input-type=module", "-e", script, "--", *texts],
        env=plain_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[object] = json.loads(ran.stdout)
    return found


def test_people_have_the_same_colour_on_pages_and_in_the_room() -> None:
    numbers = of_scripts("colourOf", IDS)

    assert numbers == [colour_of(id_) for id_ in IDS]
    assert set(numbers) == set(range(COLOURS)), "ids made one after another spread over all colours"
    assert COLOURS >= 12


def test_people_have_the_same_letters_on_pages_and_in_the_room() -> None:
    assert {name: letters_of(name) for name in LETTERS} == LETTERS
    assert of_scripts("lettersOf", list(LETTERS)) == list(LETTERS.values())


def test_the_pages_and_the_widget_have_the_same_colours() -> None:
    [pairs] = of_scripts("() => COLOURS", [""])

    assert [list(pair) for pair in colours_of_pages()] == pairs
    assert list(preview_picture.FACES) == [dark for _, dark in pairs]
    rules = re.findall(r"\.c(\d+) \{ color: var\(--mt-name-(\d+)\); \}", (STATIC / "css" / "controls.css").read_text())
    assert [int(one) for one, _ in rules] == [int(other) for _, other in rules] == list(range(COLOURS))


@pytest.mark.parametrize(("scheme", "file"), [(0, "light.css"), (1, "tokens.css")])
def test_every_colour_can_be_read_on_what_is_behind_it(scheme: int, file: str) -> None:
    tokens = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", (STATIC / "css" / file).read_text()))
    behind = [tokens[name] for name in ("night", "seat", "seat-lit")]

    for pair in colours_of_pages():
        assert min(contrast(pair[scheme], ground) for ground in behind) >= READABLE, pair


def test_a_pale_colour_is_found_to_be_one() -> None:
    assert contrast("#c0a060", "#fffdf9") < READABLE
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


def colours_of_pages() -> list[tuple[str, str]]:
    css = (STATIC / "css" / "tokens.css").read_text()
    return re.findall(r"--mt-name-\d+: light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);", css)


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours (WCAG 2.2, contrast ratio)."""
    darker, lighter = sorted(_luminance(colour) for colour in (one, other))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue

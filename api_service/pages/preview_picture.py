"""The picture of a room for messengers: poster, title, who invites and when. Pillow draws it; nothing here waits."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps

# What Open Graph's readers show whole (1.91:1).
WIDTH: Final = 1200
HEIGHT: Final = 630
# Of a poster; more is none, however small its file.
MOST_PIXELS: Final = 4096 * 4096
FORMATS: Final = ("JPEG", "PNG", "WEBP")
REGULAR: Final = "DejaVuSans.ttf"
BOLD: Final = "DejaVuSans-Bold.ttf"

# As in static/css/tokens.css and controls.css.
_NIGHT: Final = "#0d0f14"
_SEAT: Final = "#20242f"
_SCREEN: Final = "#f1eee8"
_DIM: Final = "#a9aebb"
_LAMP: Final = "#f0b35a"
# People's colours on a dark page: static/widget/ui/name-colours.js has the same.
FACES: Final = (
    *("#f0b35a", "#8ec5ff", "#f49ac1", "#9bd49b", "#c9b1ff", "#ff9c8a", "#6fd3cf", "#d8c66a", "#b9d95e", "#63cdf0"),
    *("#e8a2f5", "#a9b4ff", "#dcb29f", "#b4c3d0"),
)

_EDGE: Final = 60
_POSTER: Final = (340, 510)
_FACE: Final = 76
_TITLES: Final = ((68, 2), (56, 3), (44, 4))  # the size of the letters, and how many lines of it there may be


@dataclass(frozen=True, slots=True)
class Told:
    """What a picture says; ``face`` is the number of the inviter's colour."""

    site: str
    title: str
    when: str
    invites: str
    letters: str
    face: int


def draw(told: Told, poster: bytes | None, fonts: Path) -> bytes:
    """Return the picture as PNG; a poster that cannot be read is left out. ``fonts`` has REGULAR and BOLD."""
    shown = None if poster is None else _read(poster)
    picture = _background(shown)
    left = _EDGE
    if shown is not None:
        picture.paste(ImageOps.fit(shown, _POSTER), (left, _EDGE), _rounded(_POSTER))
        left += _POSTER[0] + _EDGE
    _write(ImageDraw.Draw(picture), told, left, fonts)
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=False, compress_level=6)
    return out.getvalue()


def _read(poster: bytes) -> Image.Image | None:
    try:
        with Image.open(io.BytesIO(poster), formats=FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                return None
            image.draft("RGB", (_POSTER[0] * 2, _POSTER[1] * 2))
            return image.convert("RGB")
    except Exception:  # noqa: BLE001 - a file that is no picture: Pillow's decoders raise what they like
        return None


def _background(poster: Image.Image | None) -> Image.Image:
    night = Image.new("RGB", (WIDTH, HEIGHT), _NIGHT)
    if poster is None:
        return night
    # Blurred while it is small: what is enlarged afterwards is as soft, at a hundredth of the work.
    small = ImageOps.fit(poster, (WIDTH // 10, HEIGHT // 10)).filter(ImageFilter.GaussianBlur(5))
    return Image.blend(small.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC), night, 0.72)


def _rounded(size: tuple[int, int]) -> Image.Image:
    mask = Image.new("L", size, 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, size[0] - 1, size[1] - 1), 18, fill=255)
    return mask


def _write(draw_: ImageDraw.ImageDraw, told: Told, left: int, fonts: Path) -> None:
    width = WIDTH - left - _EDGE
    top = float(_EDGE)

    def font(name: str, size: int) -> ImageFont.FreeTypeFont:
        return ImageFont.truetype(fonts / name, size)

    draw_.text((left, top), told.site, _LAMP, font(REGULAR, 30))
    top += 58
    for size, most in _TITLES:
        letters = font(BOLD, size)
        lines = list(_lines(told.title, letters, width))
        if len(lines) <= most:
            break
    else:
        lines = [*lines[: most - 1], _shortened(" ".join(lines[most - 1 :]), letters, width)]
    for line in lines:
        draw_.text((left, top), line, _SCREEN, letters)
        top += size * 1.25
    draw_.text((left, top + 14), _shortened(told.when, font(REGULAR, 30), width), _DIM, font(REGULAR, 30))
    bottom = HEIGHT - _EDGE - _FACE
    draw_.ellipse((left, bottom, left + _FACE, bottom + _FACE), _SEAT)
    middle = (left + _FACE / 2, bottom + _FACE / 2)
    draw_.text(middle, told.letters, FACES[told.face], font(BOLD, 30), anchor="mm")
    beside = left + _FACE + 24
    letters = font(REGULAR, 30)
    invites = list(_lines(told.invites, letters, WIDTH - beside - _EDGE))
    if len(invites) > 2:
        invites = [invites[0], _shortened(" ".join(invites[1:]), letters, WIDTH - beside - _EDGE)]
    for row, line in enumerate(invites):
        draw_.text((beside, middle[1] + (row - (len(invites) - 1) / 2) * 38), line, _SCREEN, letters, anchor="lm")


def _lines(text: str, font: ImageFont.FreeTypeFont, width: float) -> Iterator[str]:
    """Yield the text in lines that fit; a word that is longer than a line is cut."""
    line = ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if font.getlength(longer) <= width:
            line = longer
            continue
        if line:
            yield line
        line = word
        while font.getlength(line) > width:
            fits = next(n for n in range(len(line) - 1, 0, -1) if n == 1 or font.getlength(line[:n]) <= width)
            yield line[:fits]
            line = line[fits:]
    if line:
        yield line


def _shortened(text: str, font: ImageFont.FreeTypeFont, width: float) -> str:
    """Return the text, or as much of it as fits with an ellipsis."""
    if font.getlength(text) <= width:
        return text
    kept = next((n for n in range(len(text) - 1, 0, -1) if font.getlength(f"{text[:n].rstrip()}…") <= width), 0)
    return f"{text[:kept].rstrip()}…"

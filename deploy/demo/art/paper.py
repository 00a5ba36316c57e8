"""Paper-cut shapes as SVG: what the demo films and their posters are composed of.

Everything is flat and slides in whole pixels, because that is what H.264 keeps sharp at 40 kbit/s.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

Colour = str
Point = tuple[float, float]


@dataclass(frozen=True)
class Canvas:
    """The visible frame, in pixels."""

    width: int
    height: int

    def x(self, share: float) -> float:
        return self.width * share

    def y(self, share: float) -> float:
        return self.height * share


@dataclass(frozen=True)
class Palette:
    """One time of day: a sky, what shines in it, and paper from far to near."""

    sky: tuple[Colour, Colour]
    shine: Colour
    paper: tuple[Colour, Colour, Colour, Colour]
    lamp: Colour


@dataclass(frozen=True)
class Layer:
    """One sheet of paper: where it lies as ffmpeg expressions of the time `t` (s), and its place on a poster."""

    drawing: str
    width: int
    height: int
    x: str = "0"
    y: str = "0"
    turn: str | None = None
    still: Point = (0, 0)


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """The colour `share` of the way from `a` to `b`, both `#rrggbb`."""
    channels = ((int(a[i : i + 2], 16), int(b[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(one + (other - one) * share):02x}" for one, other in channels)


def sheet(canvas: Canvas, drawing: str, x: str = "0", y: str = "0") -> Layer:
    """A layer as large as the frame."""
    return Layer(drawing, canvas.width, canvas.height, x, y)


def scrolling(canvas: Canvas, tile: str, period: int, speed: int, y: str = "0", start: int = 0) -> Layer:
    """A tile of `period` pixels repeated without end, moving left by `speed` px/s (right when negative)."""
    copies = math.ceil(canvas.width / period) + 1
    drawing = "".join(f'<g transform="translate({i * period} 0)">{tile}</g>' for i in range(copies))
    x = f"-mod({start}+{speed}*t,{period})" if speed >= 0 else f"-{period}+mod({start}+{-speed}*t,{period})"
    # A little deeper than the frame, so that a layer that bobs never shows its lower edge.
    return Layer(drawing, copies * period, canvas.height + 40, x, y, still=(-start % period - period, 0))


def sky(canvas: Canvas, palette: Palette, steps: int = 7) -> str:
    """Bands of paper instead of a gradient: a gradient costs bits and shows steps anyway."""
    top, low = palette.sky
    band = canvas.height / steps
    return "".join(rect(0, i * band, canvas.width, band + 1, mix(top, low, i / (steps - 1))) for i in range(steps))


def glow(x: float, y: float, radius: float, colour: Colour, rings: int = 3) -> str:
    """A shining disc with rings of ever thinner paper around it."""
    halo = (circle(x, y, radius * (1 + 0.42 * i), colour, opacity=0.16 / (1 + 0.35 * i)) for i in range(rings, 0, -1))
    return "".join(halo) + circle(x, y, radius, colour)


def circle(x: float, y: float, radius: float, fill: Colour, opacity: float = 1) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{fill}" opacity="{opacity:.2f}"/>'


def rect(x: float, y: float, width: float, height: float, fill: Colour, round_by: float = 0) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="{round_by:.1f}" fill="{fill}"/>'
    )


def polygon(points: Iterable[Point], fill: Colour, opacity: float = 1) -> str:
    places = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polygon points="{places}" fill="{fill}" opacity="{opacity:.2f}"/>'


def path(commands: str, fill: Colour, extra: str = "") -> str:
    return f'<path d="{commands}" fill="{fill}" {extra}/>'


def place(drawing: str, x: float, y: float, scale: float = 1, turn: float = 0) -> str:
    return f'<g transform="translate({x:.1f} {y:.1f}) rotate({turn:.1f}) scale({scale:.3f})">{drawing}</g>'


def skyline(period: int, heights: Iterable[tuple[int, float]], base: float) -> list[Point]:
    """A curve of harmonics `(cycles per period, height in px)`, seamless where the tile repeats."""
    waves = list(heights)

    def height_at(x: float) -> float:
        return sum(h * math.sin(2 * math.pi * n * x / period + n * 1.7) for n, h in waves)

    return [(x, base - height_at(x)) for x in range(0, period + 1, 6)]


def ridge(line: list[Point], bottom: float, fill: Colour, edge: Colour | None = None) -> str:
    """Paper below a line, with the light catching its cut edge."""
    last, first = line[-1][0], line[0][0]
    body = polygon([*line, (last + 1, line[-1][1]), (last + 1, bottom), (first, bottom)], fill)
    if edge is None:
        return body
    lit = [*line, *((x, y + 5) for x, y in reversed(line))]
    return body + polygon(lit, edge)


def peaks(rng: random.Random, period: int, count: int, base: float, height: float) -> list[Point]:
    """Pointed mountains, seamless where the tile repeats."""
    step = period / count
    line: list[Point] = []
    for i in range(count):
        line += [
            (i * step, base - rng.uniform(0, 0.25) * height),
            ((i + rng.uniform(0.35, 0.65)) * step, base - rng.uniform(0.6, 1) * height),
        ]
    return [*line, (period, line[0][1])]


def height_on(line: list[Point], x: float) -> float:
    """The y of a line at `x`."""
    for (x0, y0), (x1, y1) in pairwise(line):
        if x0 <= x <= x1:
            return y0 + (y1 - y0) * (x - x0) / (x1 - x0 or 1)
    return line[-1][1]


def stars(rng: random.Random, canvas: Canvas, colour: Colour, count: int, depth: float = 0.6) -> str:
    return "".join(
        circle(
            rng.uniform(0, canvas.width),
            rng.uniform(0, canvas.y(depth)),
            rng.choice((1.2, 1.6, 2.4)),
            colour,
            rng.uniform(0.45, 0.95),
        )
        for _ in range(count)
    )


def cloud(width: float, fill: Colour) -> str:
    """A flat-bottomed cloud, its left end at the origin."""
    unit = width / 10
    discs = ((1.6, 0, 1.3), (3.3, -0.9, 1.7), (5.6, -1.2, 2.1), (7.6, -0.4, 1.5), (8.8, 0.2, 1.1))
    puffs = "".join(circle(x * unit, y * unit, r * unit, fill) for x, y, r in discs)
    return puffs + rect(0.4 * unit, 0, 9.4 * unit, 1.35 * unit, fill, 0.65 * unit)


def pine(height: float, fill: Colour) -> str:
    """A conifer of three tiers, its foot at the origin."""
    tiers = ((0.0, 0.46, 0.30), (0.26, 0.72, 0.24), (0.5, 1.0, 0.17))
    body = "".join(
        polygon([(-w * height, -a * height - 4), (w * height, -a * height - 4), (0, -b * height)], fill)
        for a, b, w in tiers
    )
    return rect(-0.03 * height, -8, 0.06 * height, 14, fill) + body


def drifting(canvas: Canvas, tile: str, period: int, speed: int, x: str = "0") -> Layer:
    """A tile of `period` pixels repeated downwards, rising by `speed` px/s (falling when negative)."""
    copies = math.ceil(canvas.height / period) + 1
    drawing = "".join(f'<g transform="translate(0 {i * period})">{tile}</g>' for i in range(copies))
    y = f"-mod({speed}*t,{period})" if speed >= 0 else f"-{period}+mod({-speed}*t,{period})"
    return Layer(drawing, canvas.width, copies * period, x, y)


def turning(drawing: str, size: int, at: Point, turn: str) -> Layer:
    """A drawing around the origin that turns about the point `at`; `turn` is an angle in radians over `t`."""
    middle = size / 2
    x, y = at[0] - middle, at[1] - middle
    return Layer(place(drawing, middle, middle), size, size, f"{x:.0f}", f"{y:.0f}", turn, (x, y))


def dice(seed: str) -> random.Random:
    """Chance that falls the same way each time, so that a film made anew is the same film."""
    return random.Random(seed)  # noqa: S311

"""Which scene each demo film shows, in which lights, and how it sounds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from deploy.demo.art.far_side_garden import far_side_garden
from deploy.demo.art.noon_express import noon_express
from deploy.demo.art.paper import Canvas, Layer, Palette
from deploy.demo.art.paper_whales import paper_whales
from deploy.demo.art.rooftops_rain import rooftops_rain
from deploy.demo.art.tide_keeper import tide_keeper
from deploy.demo.art.upper_pines import upper_pines

Chord = tuple[float, float, float]


@dataclass(frozen=True)
class Reel:
    """A film: equally long shots of one scene, one palette each, and two chords (Hz) that breathe in turn.

    Scenes with much detail or movement are given fewer lines (`height`), so that their bits suffice.
    """

    scene: Callable[[Canvas, Palette], list[Layer]]
    shots: tuple[Palette, ...]
    chords: tuple[Chord, Chord]
    height: int = 540


REELS = {
    "tide-keeper": Reel(
        tide_keeper,
        (
            Palette(("#0b1533", "#3a4f7f"), "#f6e7c1", ("#30497a", "#243b69", "#182a50", "#0d1a36"), "#ffd27a"),
            Palette(("#2b1b45", "#d9748a"), "#ffd9a0", ("#8a4f7d", "#5f3a6b", "#3d2752", "#22163a"), "#ffe3a3"),
            Palette(("#0a2a3a", "#6fb7ae"), "#f4f1d0", ("#2f7f86", "#216570", "#15485a", "#0b2c3c"), "#ffe9a8"),
        ),
        ((146.83, 220.00, 349.23), (130.81, 196.00, 329.63)),
    ),
    "noon-express": Reel(
        noon_express,
        (
            Palette(("#f2b35e", "#fde3a7"), "#fff3c9", ("#d98a4e", "#d9a441", "#8a5a34", "#3f2b22"), "#fff0b8"),
            Palette(("#5d3a78", "#f08a6b"), "#ffd08a", ("#9c5a78", "#b5654f", "#5b3a52", "#2a1b30"), "#ffe6a0"),
            Palette(("#101c3d", "#40609a"), "#f4ecd0", ("#2f4a7c", "#28506b", "#22314f", "#0e1730"), "#ffd977"),
        ),
        ((196.00, 246.94, 392.00), (174.61, 220.00, 349.23)),
        height=360,
    ),
    "far-side-garden": Reel(
        far_side_garden,
        (
            Palette(("#150f2e", "#3d2b63"), "#f0b8d0", ("#5a4a8a", "#3f8f83", "#6d5f95", "#241b42"), "#8ff0c8"),
            Palette(("#06202b", "#1d5a66"), "#bfe8e0", ("#2b6f7a", "#5fa56f", "#3f7f86", "#0b2a33"), "#ffe28a"),
            Palette(("#2a0f2e", "#8a3a66"), "#ffd0b0", ("#7a3a6a", "#4f8f9a", "#94517f", "#35133a"), "#ffb3d1"),
        ),
        ((164.81, 246.94, 415.30), (185.00, 277.18, 369.99)),
    ),
    "upper-pines": Reel(
        upper_pines,
        (
            Palette(("#1c2f57", "#7f9bc9"), "#f2f6ff", ("#5f7fb3", "#3c5a86", "#6f8fbf", "#1d3350"), "#ffc86b"),
            Palette(("#7aa6d6", "#fbd9cf"), "#fffaf2", ("#a9b9dd", "#6d8fae", "#b5c6e0", "#3a5c78"), "#ffe0a0"),
            Palette(("#0a1228", "#2c3f6b"), "#dfe8ff", ("#263a66", "#1c2f52", "#2f4672", "#0c1a33"), "#ffb84f"),
        ),
        ((130.81, 196.00, 311.13), (155.56, 233.08, 311.13)),
        height=360,
    ),
    "rooftops-rain": Reel(
        rooftops_rain,
        (
            Palette(("#12092b", "#5b2a6e"), "#ff5fa2", ("#3d2560", "#2a1a4a", "#3a2458", "#0e0920"), "#ffd36e"),
            Palette(("#041c26", "#0f6a72"), "#4ff0d8", ("#0f4f5a", "#0b3a46", "#145560", "#04161d"), "#ffc46b"),
            Palette(("#1d0a12", "#8a2f2f"), "#ffb04f", ("#5a2430", "#401a28", "#5f2a30", "#180710"), "#8fe3ff"),
        ),
        ((110.00, 164.81, 261.63), (123.47, 185.00, 293.66)),
    ),
    "paper-whales": Reel(
        paper_whales,
        (
            Palette(("#1f7a8c", "#f6d3b5"), "#ffe8c2", ("#e8b89a", "#d9785f", "#17566b", "#8d4a4f"), "#fff1b8"),
            Palette(("#e58fa5", "#fdeccf"), "#fff7e0", ("#e9c3b0", "#c98a9b", "#4b5f94", "#7d5478"), "#fff4c4"),
            Palette(("#141b45", "#56518f"), "#f3dfa6", ("#474a86", "#35366e", "#7a8fd0", "#22204f"), "#ffdc7d"),
        ),
        ((174.61, 261.63, 440.00), (196.00, 293.66, 392.00)),
    ),
}

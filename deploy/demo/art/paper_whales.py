"""Whales swim over a city folded out of letters."""

from __future__ import annotations

from deploy.demo.art.paper import (
    Canvas,
    Layer,
    Palette,
    Point,
    circle,
    cloud,
    dice,
    glow,
    mix,
    path,
    place,
    polygon,
    rect,
    scrolling,
    sheet,
    sky,
    turning,
)


def paper_whales(canvas: Canvas, palette: Palette) -> list[Layer]:
    """Its sheets from far to near."""
    far, mid, near, front = palette.paper
    w, y = canvas.width, canvas.y
    rng = dice("paper-whales")

    def whale(body: str, belly: str) -> str:
        drawing = path(
            "M0 70 C20 4 130 -26 250 6 C330 28 372 44 420 44 C372 66 330 92 262 112 C160 140 24 136 0 70 Z", body
        )
        drawing += path("M2 78 C40 116 130 128 262 112 C160 140 24 136 2 78 Z", belly)
        drawing += "".join(
            path(
                f"M{20 + 26 * i} {98 + 3 * i} q40 18 {96 - 8 * i} {14 - 2 * i}",
                "none",
                f'stroke="{body}" stroke-width="2.5"',
            )
            for i in range(4)
        )
        drawing += path("M150 104 C160 150 196 178 226 176 C214 150 210 122 204 104 Z", mix(body, "#000000", 0.16))
        return drawing + circle(58, 66, 5, "#10202c") + circle(60, 64, 1.8, "#ffffff")

    def tail(body: str) -> str:
        return path("M-14 -12 C24 -10 40 -18 66 -54 C84 -40 84 -12 66 2 C84 14 88 38 74 56 C46 22 26 12 -14 12 Z", body)

    def swim(scale: float, x: float, top: float, body: str, belly: str, pace: float, still: Point) -> list[Layer]:
        bob = f"{12 * scale:.0f}*sin(t/{pace})"
        wag = turning(place(tail(body), 0, 0, scale), int(240 * scale), (0, 0), f"0.16*sin(t/{pace / 2}+1)")
        size = int(240 * scale)
        hip = (418 * scale, 44 * scale + 40 * scale)
        return [
            Layer(
                wag.drawing,
                size,
                size,
                f"{x + hip[0] - size / 2:.0f}+{w * 0.05:.0f}*sin(t/{pace * 3})",
                f"{top + hip[1] - size / 2:.0f}+{bob}",
                wag.turn,
                (still[0] + hip[0] - size / 2, still[1] + hip[1] - size / 2),
            ),
            Layer(
                place(whale(body, belly), 0, 40 * scale, scale),
                int(430 * scale),
                int(230 * scale),
                f"{x:.0f}+{w * 0.05:.0f}*sin(t/{pace * 3})",
                f"{top:.0f}+{bob}",
                still=still,
            ),
        ]

    def houses(period: int, base: float, size: tuple[int, int], fills: tuple[str, ...], windows: bool) -> str:
        drawing, x = "", 0
        while x < period:
            wide = min(rng.randrange(*size), period - x)
            high = wide * rng.uniform(0.7, 1.25)
            fill = rng.choice(fills)
            drawing += rect(x, base - high, wide, y(1) + 40 - base + high, fill)
            drawing += polygon(
                [(x, base - high), (x + wide, base - high), (x + wide / 2, base - high - wide * 0.55)],
                mix(fill, "#ffffff", 0.18),
            )
            drawing += polygon(
                [
                    (x + wide / 2, base - high),
                    (x + wide, base - high),
                    (x + wide, y(1) + 40),
                    (x + wide / 2, y(1) + 40),
                ],
                "#000000",
                0.07,
            )
            if windows:
                drawing += "".join(
                    rect(x + wide * k - 6, base - high + 16 + 36 * row, 12, 17, palette.lamp, 6)
                    for row in range(int(high // 46))
                    for k in (0.3, 0.7)
                    if rng.random() < 0.75
                )
            x += wide
        return drawing

    dart = polygon([(0, 12), (64, 0), (18, 20)], "#ffffff") + polygon([(18, 20), (64, 0), (26, 32)], "#d8dee4")
    darts = place(dart, 140, y(0.3)) + place(dart, 520, y(0.5), 0.7, -8) + place(dart, 860, y(0.22), 0.85, 5)
    clouds_far = place(cloud(240, mix(palette.sky[1], "#ffffff", 0.35)), 80, y(0.34)) + place(
        cloud(170, mix(palette.sky[1], "#ffffff", 0.25)), 640, y(0.2)
    )
    clouds_near = place(cloud(330, mix(palette.sky[1], "#ffffff", 0.75)), 60, y(0.74)) + place(
        cloud(250, mix(palette.sky[1], "#ffffff", 0.65)), 740, y(0.68)
    )
    return [
        sheet(canvas, sky(canvas, palette) + glow(w * 0.7, y(0.26), 62, palette.shine)),
        scrolling(canvas, clouds_far, 960, 6),
        *swim(
            0.42,
            w * 0.64,
            y(0.12),
            mix(palette.sky[1], mid, 0.5),
            mix(palette.sky[1], "#ffffff", 0.5),
            2.2,
            (w * 0.62, y(0.3)),
        ),
        *swim(1.0, w * 0.2, y(0.26), near, mix(near, "#ffffff", 0.72), 1.9, (w * 0.06, y(0.4))),
        scrolling(canvas, darts, 1200, -72),
        scrolling(canvas, houses(960, y(0.9), (56, 96), (far, mix(far, mid, 0.4)), windows=False), 960, 8),
        scrolling(canvas, clouds_near, 1200, 36),
        scrolling(canvas, houses(1200, y(1.02), (84, 150), (mid, front, mix(mid, front, 0.5)), windows=True), 1200, 16),
    ]

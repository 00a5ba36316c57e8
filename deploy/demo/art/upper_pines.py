"""A mountain village under falling snow, its windows lit."""

from __future__ import annotations

from deploy.demo.art.paper import (
    Canvas,
    Layer,
    Palette,
    Point,
    circle,
    dice,
    drifting,
    glow,
    height_on,
    mix,
    path,
    peaks,
    pine,
    place,
    polygon,
    rect,
    ridge,
    sheet,
    sky,
    skyline,
    stars,
)


def upper_pines(canvas: Canvas, palette: Palette) -> list[Layer]:
    """Its sheets from far to near."""
    far, mid, near, front = palette.paper
    w, y = canvas.width, canvas.y
    rng = dice("upper-pines")
    snow = palette.shine
    line = peaks(rng, 1200, 5, y(0.6), 250)
    mountains = ridge(line, y(1), far)
    for i in range(1, len(line) - 1, 2):
        x, top = line[i]
        (x0, y0), (x1, y1) = line[i - 1], line[i + 1]
        k = 0.34
        left, right = (x + (x0 - x) * k, top + (y0 - top) * k), (x + (x1 - x) * k, top + (y1 - top) * k)
        teeth = [
            (left[0] + (right[0] - left[0]) * s, max(left[1], right[1]) + d)
            for s, d in ((0.25, 8), (0.45, -26), (0.62, 2), (0.8, -22))
        ]
        mountains += polygon([(x, top), left, *teeth, right], mix(far, snow, 0.75))
    slope = skyline(1200, [(1, 24), (3, 10)], y(0.66))
    village = skyline(960, [(1, 18), (2, 10)], y(0.78))
    bank = skyline(960, [(2, 12), (3, 8)], y(0.93))

    def forest(ground: list[Point], period: int, count: int, tall: tuple[float, float], fill: str) -> str:
        drawing = ""
        for i in range(count):
            x = (i + rng.uniform(0.15, 0.85)) * period / count
            size = rng.uniform(*tall)
            foot = height_on(ground, x) + 6
            # Drawn again one period to the left, so that a crown cut by the tile's edge goes on.
            for shift in (0, -period):
                drawing += place(pine(size, fill), x + shift, foot)
                drawing += place(
                    polygon([(-0.05 * size, -0.86 * size), (0.06 * size, -0.84 * size), (0, -size)], snow),
                    x + shift,
                    foot,
                )
        return drawing

    def house(size: float, wall: str) -> str:
        door = rect(-0.08 * size, -0.34 * size, 0.18 * size, 0.34 * size, front, 2)
        panes = "".join(
            rect(k * size, -0.36 * size, 0.17 * size, 0.17 * size, palette.lamp) for k in (-0.38, 0.2)
        ) + rect(-0.07 * size, -0.78 * size, 0.14 * size, 0.14 * size, palette.lamp)
        body = rect(-0.5 * size, -0.55 * size, size, 0.58 * size, wall) + polygon(
            [(-0.5 * size, -0.55 * size), (0.5 * size, -0.55 * size), (0, -1.05 * size)], wall
        )
        roof = path(
            f"M{-0.64 * size:.0f} {-0.5 * size:.0f} L0 {-1.2 * size:.0f} L{0.64 * size:.0f} {-0.5 * size:.0f} "
            f"L{0.52 * size:.0f} {-0.46 * size:.0f} L0 {-0.98 * size:.0f} L{-0.52 * size:.0f} {-0.46 * size:.0f} Z",
            snow,
        )
        chimney = rect(0.22 * size, -1.12 * size, 0.14 * size, 0.3 * size, front) + rect(
            0.2 * size, -1.16 * size, 0.18 * size, 0.07 * size, snow, 2
        )
        return body + chimney + roof + door + panes

    hill = y(0.8)
    homes = "".join(
        place(house(size, wall), canvas.x(0.5) + dx, hill + dy)
        for dx, dy, size, wall in (
            (-250, -4, 76, "#7a4a3f"),
            (-140, -12, 92, "#8c5a44"),
            (150, -10, 84, "#7a4a3f"),
            (262, 2, 98, "#8c5a44"),
            (0, 10, 124, "#6d3f3a"),
        )
    )
    smoke = mix(palette.sky[1], "#ffffff", 0.35)
    puffs = []
    for i in range(7):
        rise, size = f"mod(14*t+{i * 27},189)", 9 + 3 * ((i * 2) % 5)
        x, top = canvas.x(0.5) + 36 - size, hill - 146 - size
        puffs.append(
            Layer(
                circle(size, size, size, smoke, 0.7),
                2 * size,
                2 * size,
                f"{x:.0f}+0.3*{rise}+7*sin(t/2+{i})",
                f"{top:.0f}-{rise}",
                still=(x + 8 * i, top - 27 * i),
            )
        )

    def flakes(period: int, count: int, sizes: tuple[float, ...], opacity: float) -> str:
        return "".join(
            circle(rng.uniform(0, w), rng.uniform(8, period - 8), rng.choice(sizes), "#ffffff", opacity)
            for _ in range(count)
        )

    return [
        sheet(canvas, sky(canvas, palette) + stars(rng, canvas, "#ffffff", 30, 0.4) + glow(w * 0.74, y(0.2), 36, snow)),
        sheet(canvas, mountains),
        sheet(
            canvas,
            forest(slope, 1200, 17, (56, 92), mix(far, mid, 0.6))
            + ridge(slope, y(1), mix(mid, snow, 0.32))
            + forest(village, 960, 8, (96, 150), mid)
            + ridge(village, y(1), mix(mid, snow, 0.55)),
        ),
        drifting(canvas, flakes(540, 16, (3, 3.6), 1), 540, -48),
        *puffs,
        sheet(
            canvas,
            homes
            + polygon(
                [
                    (0, y(0.83)),
                    (w * 0.2, y(0.8)),
                    (w * 0.5, y(0.795)),
                    (w * 0.8, y(0.805)),
                    (w, y(0.84)),
                    (w, y(1)),
                    (0, y(1)),
                ],
                mix(near, snow, 0.7),
            ),
        ),
        sheet(canvas, forest(bank, 960, 4, (160, 225), front) + ridge(bank, y(1), snow)),
        drifting(canvas, flakes(540, 8, (5, 6), 1), 540, -72),
    ]

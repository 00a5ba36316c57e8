"""A greenhouse on the moon: plants sway, spores rise, a ringed planet hangs."""

from __future__ import annotations

from deploy.demo.art.paper import (
    Canvas,
    Layer,
    Palette,
    circle,
    dice,
    drifting,
    mix,
    path,
    place,
    rect,
    ridge,
    scrolling,
    sheet,
    sky,
    skyline,
    stars,
    turning,
)


def far_side_garden(canvas: Canvas, palette: Palette) -> list[Layer]:
    """Its sheets from far to near."""
    far, mid, near, front = palette.paper
    w, y = canvas.width, canvas.y
    rng = dice("far-side-garden")
    ground = y(0.8)
    dome_x, dome = canvas.x(0.5), min(canvas.x(0.36), y(0.42))
    planet = circle(150, 90, 66, palette.shine) + path(
        "M87 72 A66 66 0 0 1 213 72 Q150 92 87 72 Z", mix(palette.shine, palette.sky[0], 0.22)
    )
    planet += path("M30 118 Q150 128 270 62 Q160 112 30 118 Z", "#ffffff", 'opacity="0.75"')
    craters = "".join(
        f'<ellipse cx="{x}" cy="{ground + dy:.0f}" rx="{r}" ry="{r * 0.22:.0f}" fill="{mix(near, front, 0.5)}"/>'
        for x, dy, r in ((90, 62, 60), (300, 84, 34), (560, 70, 46), (800, 66, 72), (1010, 92, 40))
    )
    glass = circle(dome_x, ground, dome, mix(palette.sky[1], palette.lamp, 0.4), 0.28)
    ribs = "".join(
        f'<ellipse cx="{dome_x:.0f}" cy="{ground:.0f}" rx="{dome * k:.0f}" ry="{dome:.0f}" fill="none" '
        f'stroke="{palette.shine}" stroke-width="3" opacity="0.55"/>'
        for k in (0.02, 0.4, 0.75, 1)
    )
    plants = []
    for i, (share, height, kind) in enumerate(
        ((-0.72, 120, 0), (-0.5, 190, 1), (-0.26, 150, 2), (0.0, 215, 0), (0.24, 165, 1), (0.48, 200, 2), (0.7, 120, 1))
    ):
        tall = height * dome / 226
        leaf = mix(mid, palette.lamp, 0.2 + 0.1 * (i % 3))
        flower = (palette.lamp, "#ff8fa3", palette.shine)[kind]
        stem = rect(-3, -tall, 6, tall, leaf, 3)
        leaves = "".join(
            place(path("M0 0 Q30 -34 74 -22 Q46 12 0 0 Z", leaf), 0, -tall * k, tall / 200 * (-1 if side else 1))
            if not side
            else f'<g transform="translate(0 {-tall * k:.0f}) scale({-tall / 200:.2f} {tall / 200:.2f})">'
            + path("M0 0 Q30 -34 74 -22 Q46 12 0 0 Z", leaf)
            + "</g>"
            for k, side in ((0.2, False), (0.38, True), (0.56, False), (0.72, True))
        )
        petals = "".join(
            place(path("M0 0 Q14 -20 0 -36 Q-14 -20 0 0 Z", flower), 0, -tall, 1, a) for a in range(-80, 81, 40)
        )
        plants.append(
            turning(
                stem + leaves + petals + circle(0, -tall, 7, "#fff4d6"),
                int(2.6 * tall),
                (dome_x + share * dome, ground + 4),
                f"0.045*sin(t/{1.6 + 0.3 * (i % 4):.1f}+{i})",
            )
        )
    spores = "".join(
        circle(rng.uniform(0, w), rng.uniform(12, 348), rng.choice((2.5, 3.5, 5)), palette.lamp, rng.uniform(0.5, 0.9))
        for _ in range(20)
    )
    hills = ridge(skyline(1200, [(2, 34), (3, 20)], y(0.72)), y(1), far, mix(far, palette.shine, 0.3))
    front_line = skyline(960, [(1, 10), (3, 6)], y(0.95))
    return [
        sheet(canvas, sky(canvas, palette) + stars(rng, canvas, "#ffffff", 90, 0.75)),
        Layer(planet, 300, 180, f"{w * 0.68:.0f}", f"{y(0.09):.0f}+9*sin(t/6)", still=(w * 0.5, y(0.06))),
        scrolling(canvas, hills, 1200, 3),
        sheet(canvas, glass),
        *plants,
        sheet(
            canvas,
            ribs
            + rect(0, ground, w, y(1) - ground, near)
            + rect(dome_x - dome - 18, ground - 12, 2 * dome + 36, 22, mix(near, palette.shine, 0.3), 8)
            + craters,
        ),
        drifting(canvas, spores, 360, 24, "14*sin(t/4)"),
        scrolling(canvas, ridge(front_line, y(1) + 40, front), 960, 9),
    ]

"""A lighthouse over a night sea, its beam sweeping."""

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
    ridge,
    scrolling,
    sheet,
    sky,
    skyline,
    stars,
    turning,
)


def tide_keeper(canvas: Canvas, palette: Palette) -> list[Layer]:
    """Its sheets from far to near."""
    far, mid, near, front = palette.paper
    w, y = canvas.width, canvas.y
    rng = dice("tide-keeper")
    sea = y(0.64)
    foot = (canvas.x(0.76), y(0.66))
    lamp = (foot[0], foot[1] - 252)
    clouds = place(cloud(210, far), 60, y(0.2)) + place(cloud(140, far), 620, y(0.31))
    beam = polygon([(0, -7), (760, -96), (760, 96), (0, 7)], palette.lamp, 0.2)
    beam += polygon([(0, -5), (760, -48), (760, 48), (0, 5)], palette.lamp, 0.22)
    cliff: list[Point] = [
        (foot[0] - 210, y(1)),
        (foot[0] - 150, foot[1] + 86),
        (foot[0] - 96, foot[1] + 64),
        (foot[0] - 62, foot[1] + 8),
        (foot[0] + 70, foot[1]),
        (foot[0] + 132, foot[1] + 40),
        (foot[0] + 300, foot[1] + 52),
        (foot[0] + 300, y(1)),
    ]
    tower = polygon([(-30, 0), (30, 0), (19, -222), (-19, -222)], "#f3ead8")
    tower += "".join(
        polygon([(-w0, -a), (w0, -a), (w1, -b), (-w1, -b)], palette.sky[1])
        for a, b, w0, w1 in ((44, 84, 28, 26), (124, 164, 24.5, 22.5))
    )
    tower += polygon([(30, 0), (19, -222), (8, -222), (12, 0)], "#000000", 0.16)
    tower += rect(-27, -230, 54, 9, front, 3) + rect(-14, -264, 28, 34, palette.lamp, 3) + rect(-2, -264, 4, 34, front)
    tower += path("M-22 -262 Q0 -296 22 -262 Z", front) + circle(0, -286, 4, front)
    tower += (
        rect(-6, -40, 12, 40, front, 6)
        + rect(34, -34, 62, 34, mix(front, far, 0.5))
        + polygon([(28, -34), (65, -60), (102, -34)], front)
        + rect(56, -24, 14, 14, palette.lamp)
    )
    boat = path("M-46 0 Q0 26 46 0 L34 24 Q0 34 -34 24 Z", front) + rect(-2, -70, 4, 72, front)
    boat += polygon([(4, -68), (4, -8), (44, -8)], "#f3ead8") + polygon([(-4, -56), (-4, -8), (-30, -8)], palette.lamp)
    wave = (
        skyline(480, [(2, 7), (3, 4)], sea + 34),
        skyline(640, [(3, 9), (5, 3)], sea + 78),
        skyline(720, [(2, 12), (5, 4)], sea + 128),
        skyline(960, [(3, 14), (4, 6)], y(0.93)),
    )
    bottom = y(1) + 40
    islands = ridge(skyline(960, [(1, 16), (3, 12), (5, 6)], sea - 18), sea + 60, mix(palette.sky[1], far, 0.55))
    return [
        sheet(
            canvas,
            sky(canvas, palette) + stars(rng, canvas, "#ffffff", 46) + glow(w * 0.26, y(0.24), 44, palette.shine),
        ),
        scrolling(canvas, clouds, 960, 6),
        scrolling(canvas, islands, 960, 3),
        sheet(canvas, rect(0, sea, w, y(1) - sea, far)),
        turning(beam, 1540, lamp, "3.1+0.24*sin(2*PI*t/14)"),
        scrolling(canvas, ridge(wave[0], bottom, mix(far, mid, 0.4), mix(far, palette.shine, 0.25)), 480, 12),
        scrolling(canvas, ridge(wave[1], bottom, mid, mix(mid, palette.shine, 0.2)), 640, -12, "3*sin(t/1.7)"),
        Layer(
            place(boat, 60, 90),
            120,
            130,
            f"{w * 0.22:.0f}+14*sin(t/5)",
            f"{sea - 18:.0f}+5*sin(t/1.7)",
            still=(w * 0.2, sea - 14),
        ),
        scrolling(
            canvas, ridge(wave[2], bottom, mix(mid, near, 0.7), mix(near, palette.shine, 0.2)), 720, 18, "4*sin(t/2.1)"
        ),
        sheet(
            canvas,
            polygon(cliff, near)
            + polygon(
                [
                    (foot[0] - 62, foot[1] + 8),
                    (foot[0] + 70, foot[1]),
                    (foot[0] + 132, foot[1] + 40),
                    (foot[0] + 20, foot[1] + 26),
                ],
                mix(near, palette.shine, 0.18),
            )
            + place(tower, *foot),
        ),
        scrolling(canvas, ridge(wave[3], bottom, front, mix(front, palette.shine, 0.14)), 960, -24, "6*sin(t/2.6)"),
    ]

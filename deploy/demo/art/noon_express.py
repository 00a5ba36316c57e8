"""A small train crossing golden hills; the world moves, the train stays."""

from __future__ import annotations

from deploy.demo.art.paper import (
    Canvas,
    Layer,
    Palette,
    circle,
    cloud,
    dice,
    glow,
    height_on,
    mix,
    path,
    peaks,
    place,
    polygon,
    rect,
    ridge,
    scrolling,
    sheet,
    sky,
    skyline,
)


def noon_express(canvas: Canvas, palette: Palette) -> list[Layer]:
    """Its sheets from far to near."""
    far, mid, near, front = palette.paper
    w, y = canvas.width, canvas.y
    rng = dice("noon-express")
    mesas = peaks(rng, 1200, 4, y(0.58), 150)
    hills = skyline(1200, [(2, 30), (3, 18), (7, 4)], y(0.66))
    fields = skyline(960, [(1, 22), (4, 7)], y(0.74))
    rail = y(0.82)
    cypress = "".join(
        place(
            path("M0 4 C-17 -20 -12 -62 0 -84 C12 -62 17 -20 0 4 Z", mix(mid, near, 0.75)),
            x,
            height_on(hills, x) + 6,
            rng.uniform(0.5, 0.9),
        )
        for x in (90, 122, 150, 420, 640, 668, 700, 728, 1010, 1040)
    )
    foot, spring = y(1) + 40, rail + 92
    opening = f"M0 {rail + 20:.0f} H240 V{foot:.0f} H222 V{spring:.0f} A102 72 0 0 0 18 {spring:.0f} V{foot:.0f} H0 Z"
    arches = rect(0, rail, 240, 22, near) + path(opening, near)
    arches += rect(0, rail - 2, 240, 5, mix(near, palette.shine, 0.35))
    engine_x = canvas.x(0.72)
    cars = "".join(
        place(
            rect(-104, -66, 98, 54, colour, 8)
            + rect(-104, -66, 98, 9, front, 4)
            + "".join(rect(-95 + 23 * i, -50, 14, 18, palette.lamp, 3) for i in range(4))
            + circle(-84, -8, 9, front)
            + circle(-26, -8, 9, front)
            + rect(-8, -22, 12, 5, front),
            engine_x - 100 - 110 * i,
            rail,
        )
        for i, colour in enumerate(("#b5483a", "#d98b3a", "#3f7472", "#b5483a", "#d98b3a", "#3f7472"))
    )
    engine = (
        rect(-96, -58, 96, 40, "#2f3a4a", 10)
        + rect(-100, -90, 42, 72, "#b5483a", 5)
        + rect(-106, -98, 54, 10, front, 4)
    )
    engine += rect(-90, -80, 22, 22, palette.lamp, 3) + polygon([(-28, -56), (-8, -56), (-4, -92), (-32, -92)], front)
    engine += (
        rect(-36, -98, 36, 8, front, 3) + path("M0 -24 L22 -4 H-6 Z", "#b5483a") + circle(-2, -42, 7, palette.lamp)
    )
    engine += "".join(
        circle(x, -9, r, front) + circle(x, -9, r / 2, "#d98b3a") for x, r in ((-80, 13), (-50, 13), (-20, 10))
    )
    puffs = []
    reach = int(engine_x) + 200
    for i in range(6):
        along = f"mod(48*t+{i * reach // 6},{reach})"
        size = 24 + 7 * (i % 4)
        at = i * reach / 6
        puffs.append(
            Layer(
                circle(size, size, size, mix(palette.sky[1], "#ffffff", 0.6)),
                2 * size,
                2 * size,
                f"{engine_x - 18 - size:.0f}-{along}",
                f"{rail - 96 - size:.0f}-sqrt({along})*4.4",
                still=(engine_x - 18 - size - at, rail - 96 - size - 4.4 * at**0.5),
            )
        )
    poles = (
        rect(40, rail - 150, 7, 190, front)
        + rect(18, rail - 140, 52, 6, front, 3)
        + rect(24, rail - 122, 40, 5, front, 2)
    )
    grass = skyline(720, [(3, 9), (8, 4)], y(0.965))
    return [
        sheet(canvas, sky(canvas, palette) + glow(w * 0.3, y(0.3), 58, palette.shine)),
        scrolling(
            canvas,
            place(cloud(230, mix(palette.sky[0], "#ffffff", 0.4)), 120, y(0.2))
            + place(cloud(150, mix(palette.sky[0], "#ffffff", 0.28)), 700, y(0.32)),
            1200,
            5,
        ),
        sheet(canvas, ridge(mesas, y(0.9), far)),
        scrolling(canvas, ridge(hills, y(1), mid, mix(mid, palette.shine, 0.35)) + cypress, 1200, 24),
        scrolling(canvas, ridge(fields, y(1) + 40, mix(mid, near, 0.28), mix(mid, palette.shine, 0.4)), 960, 48),
        *puffs,
        scrolling(canvas, arches, 240, 96),
        sheet(canvas, cars + place(engine, engine_x + 6, rail)),
        scrolling(canvas, poles, 960, 192, start=500),
        scrolling(canvas, ridge(grass, y(1) + 40, front), 720, 96),
    ]

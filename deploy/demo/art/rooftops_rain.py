"""Roofs at night: a monorail, a cat, and a sign that lights by itself."""

from __future__ import annotations

from deploy.demo.art.paper import (
    Canvas,
    Layer,
    Palette,
    circle,
    cloud,
    dice,
    drifting,
    glow,
    mix,
    path,
    place,
    polygon,
    rect,
    scrolling,
    sheet,
    sky,
)


def rooftops_rain(canvas: Canvas, palette: Palette) -> list[Layer]:
    """Its sheets from far to near."""
    far, mid, near, front = palette.paper
    w, y = canvas.width, canvas.y
    rng = dice("rooftops-rain")

    def towers(
        period: int, widths: tuple[int, int], base: float, tall: tuple[float, float], fill: str, lit: float
    ) -> str:
        drawing, x = "", 0
        while x < period:
            wide = min(rng.randrange(*widths), period - x)
            high = rng.uniform(*tall)
            drawing += rect(x, base - high, wide - 4, y(1) - base + high, fill)
            if rng.random() < 0.4:
                drawing += rect(x + wide / 2 - 2, base - high - 34, 4, 36, fill)
            columns, rows = int((wide - 14) // 18), int(high // 24)
            for column in range(columns):
                for row in range(rows):
                    if rng.random() < lit:
                        colour = rng.choice((palette.lamp, palette.lamp, palette.shine, mix(fill, palette.lamp, 0.4)))
                        drawing += rect(x + 8 + 18 * column, base - high + 12 + 24 * row, 9, 13, colour)
            x += wide
        return drawing

    back = towers(960, (60, 110), y(0.75), (60, 250), far, 0.1)
    middle = towers(1200, (80, 150), y(0.86), (70, 260), mid, 0.17)
    train = "".join(
        rect(84 * i, 0, 78, 30, mix(near, "#ffffff", 0.2), 9)
        + "".join(rect(84 * i + 9 + 16 * k, 8, 11, 10, palette.lamp, 2) for k in range(4))
        for i in range(5)
    )
    rail_y = y(0.66)
    rail = rect(0, rail_y + 30, w, 7, near) + "".join(
        rect(x, rail_y + 34, 12, y(1), near) for x in range(60, int(w), 240)
    )
    roof = y(0.84)
    left, right = canvas.x(0.34), canvas.x(0.62)
    roofs = polygon([(-10, y(1)), (-10, roof - 34), (left - 60, roof - 34), (left, roof + 40), (left, y(1))], front)
    roofs += rect(-10, roof - 46, left - 40, 14, mix(front, palette.shine, 0.3), 3)
    roofs += rect(right, roof - 8, w, y(1), front) + rect(
        right - 12, roof - 20, w, 14, mix(front, palette.shine, 0.3), 3
    )
    tank = rect(-44, -110, 88, 72, mix(near, front, 0.3), 6) + polygon([(-52, -108), (52, -108), (0, -150)], near)
    tank += "".join(rect(x, -40, 6, 42, near) for x in (-38, -3, 32)) + rect(-44, -84, 88, 5, front)
    cat = path(
        "M-26 0 C-34 -30 -8 -44 2 -40 L2 -62 L10 -52 L20 -52 L28 -62 L28 -38 C28 -28 22 -24 20 -22 L20 0 Z", front
    )
    cat += path("M-24 -2 C-56 0 -52 -36 -64 -40 C-58 -44 -44 -30 -44 -16 C-42 -6 -34 -8 -24 -10 Z", front)
    cat += circle(11, -44, 2, palette.lamp) + circle(20, -44, 2, palette.lamp)
    frame = rect(0, 0, 96, 236, mix(front, near, 0.3), 10) + rect(20, 236, 8, 60, front) + rect(68, 236, 8, 60, front)

    def strokes(colour: str, opacity: float) -> str:
        pen = f'fill="none" stroke="{colour}" stroke-width="7" stroke-linecap="round" opacity="{opacity}"'
        return (
            f"<g {pen}><path d='M48 22 C18 58 26 82 48 82 C70 82 78 58 48 22 Z'/>"
            "<path d='M24 112 H72 M30 136 H66 M24 160 H72'/><path d='M48 184 V214 M34 200 L48 214 L62 200'/></g>"
        )

    streaks = "".join(
        f'<path d="M{x:.0f} {top:.0f} l-7 46" stroke="#ffffff" stroke-width="3" opacity="{opacity:.2f}"/>'
        for x, top, opacity in ((rng.uniform(0, w), rng.uniform(0, 430), rng.uniform(0.35, 0.6)) for _ in range(13))
    )
    sign_at = (right + 96, roof - 290)
    return [
        sheet(canvas, sky(canvas, palette) + glow(w * 0.2, y(0.22), 50, palette.shine)),
        scrolling(canvas, place(cloud(260, mix(palette.sky[0], palette.sky[1], 0.6)), 500, y(0.24)), 1200, 5),
        scrolling(canvas, back, 960, 3),
        scrolling(canvas, middle, 1200, 8),
        sheet(canvas, rail),
        Layer(train, 430, 40, f"-450+mod(144*t,{int(w) + 1300})", f"{rail_y:.0f}", still=(w * 0.08, rail_y)),
        sheet(
            canvas,
            roofs
            + place(tank, canvas.x(0.13), roof - 44)
            + place(frame, *sign_at)
            + place(strokes(mix(near, palette.shine, 0.25), 1), *sign_at),
        ),
        Layer(
            rect(6, 6, 84, 224, mix(front, palette.shine, 0.25), 8) + strokes(palette.shine, 1),
            96,
            236,
            f"{sign_at[0]:.0f}",
            f"{sign_at[1]:.0f}+2000*lt(mod(t,9),0.5)+2000*between(mod(t,9),0.75,1)",
            still=sign_at,
        ),
        Layer(
            place(cat, 80, 70),
            120,
            80,
            f"{canvas.x(0.23) - 80:.0f}",
            f"{roof - 114:.0f}",
            still=(canvas.x(0.24) - 80, roof - 114),
        ),
        drifting(canvas, streaks, 480, -480),
    ]

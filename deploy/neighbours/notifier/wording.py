"""What the mails say, in each language, and how they write a time. The texts are in `texts/<language>.toml`."""

import tomllib
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

TEXTS = Path(__file__).parent / "texts"


@cache
def texts(language: str) -> dict[str, Any]:
    """All texts of one language; raises `FileNotFoundError` for one that is not there."""
    return tomllib.loads((TEXTS / f"{language}.toml").read_text(encoding="utf-8"))


def time_text(moment: datetime, zone: ZoneInfo, language: str) -> str:
    """The moment as people of the zone say it, with the zone and its distance from UTC: readers may live elsewhere."""
    words = texts(language)["time"]
    local = moment.astimezone(zone)
    return str(words["moment"]).format(
        weekday=words["weekdays"][local.weekday()],
        day=local.day,
        month=words["months"][local.month - 1],
        year=local.year,
        time=f"{local:%H:%M}",
        zone=zone_text(local),
    )


def zone_text(local: datetime) -> str:
    """`MSK, UTC+3`; only `UTC+4` where the zone has no abbreviation of letters."""
    offset = local.utcoffset()
    minutes = int(offset.total_seconds()) // 60 if offset else 0
    hours, rest = divmod(abs(minutes), 60)
    distance = "UTC" if minutes == 0 else f"UTC{'+' if minutes > 0 else '−'}{hours}{f':{rest:02}' if rest else ''}"
    name = local.tzname() or ""
    return f"{name}, {distance}" if name.isalpha() and name != "UTC" else distance

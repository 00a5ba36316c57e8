"""What the cards of rooms show beside the room: where its film stands, and whether it is still to begin."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from api_service.pages.rendering import film_position
from api_service.usecases.rooms import Room


def for_cards() -> dict[str, Any]:
    """Return what templates/room_card.html needs in its page's context."""
    return {"now": datetime.now(UTC), "film_position": film_position, "film_progress": film_progress}


def film_progress(room: Room) -> tuple[int, int] | None:
    """Return (how far the film is, its length) in seconds; None where nothing was played or no end is known."""
    if room.now is None or room.now.at is None:
        return None
    length_ms = room.film.duration_ms if room.now.length_ms is None else room.now.length_ms
    stands_ms = room.now.position_at(datetime.now(UTC))
    if not length_ms or stands_ms <= 0:
        return None
    return round(min(stands_ms, length_ms) / 1000), round(length_ms / 1000)

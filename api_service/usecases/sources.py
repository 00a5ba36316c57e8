"""Where a film plays for one viewer: at the address that the cinema gives them, or at the film's own."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from api_service.database import Queryable
from api_service.problems import BANNED, FILM_NOT_FOUND, NO_SOURCE
from api_service.site import Site
from api_service.usecases import films
from api_service.usecases.entitlement import Question, question_about
from api_service.usecases.films import Film, film_of
from api_service.usecases.people import User
from api_service.usecases.room_access import check_open, visible_room

_TYPES: Final = {"hls": "application/vnd.apple.mpegurl", "dash": "application/dash+xml"}


@dataclass(frozen=True, slots=True)
class Source:
    """An address, its media type (None where the address tells) and until when it is valid (None: it lasts)."""

    url: str
    type: str | None
    expires: datetime | None = None


class Sources(Protocol):
    """Who has an address for each viewer and visit."""

    async def source(self, question: Question) -> Source:
        """Return where the person plays the film; raises the problems `not_entitled` and `source_unavailable`."""


async def source(
    db: Queryable, site: Site, viewer: User, locale: str, film_id: UUID, code: str | None, sources: Sources | None
) -> Source:
    """Return where a viewer plays a film, in the room ``code`` if in any: as ``sources`` say, if the cinema has them.

    Raises the problems `film_not_found`, `no_source`, of a room `room_not_found`, `room_closed` and `banned`, and those
    of ``sources``.
    """
    film = await _film(db, viewer, locale, film_id, code)
    found = await source_of(db, viewer, locale, film, code, sources)
    return replace(found, url=site.public_url + found.url) if found.url.startswith("/") else found


async def source_of(
    db: Queryable, viewer: User, locale: str, film: Film, code: str | None, sources: Sources | None
) -> Source:
    """Return where a viewer plays a film that they may know of; a film of ours has an address without a host.

    Raises the problem `no_source` and those of ``sources``.
    """
    if sources is not None:
        return await sources.source(await question_about(db, viewer, locale, film.id, film.external_id, code))
    if film.media_url is None:
        raise NO_SOURCE.problem()
    kinds = {one["url"]: one["kind"] for one in film.sources}
    return Source(film.media_url, _TYPES.get(kinds.get(film.media_url, "")))


async def _film(db: Queryable, viewer: User, locale: str, film_id: UUID, code: str | None) -> Film:
    """Return the film; a room goes on with one that was taken out of the catalogue."""
    if code is None:
        return await films.film(db, viewer.id, locale, film_id)
    row = await visible_room(db, viewer.id, code)
    check_open(row)
    if row.banned:
        raise BANNED.problem()
    if row.film_id != film_id:
        raise FILM_NOT_FOUND.problem()
    return film_of(row, locale)

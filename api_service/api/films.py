"""The catalogue."""

from aiohttp import web

from api_service.api.endpoints import Call, Endpoints, reply
from api_service.api.schemas.films import FilmSchema, FilmSourceSchema, FilmsQuerySchema, SourceQuerySchema
from api_service.api.schemas.people import PeoplePageQuerySchema, PersonSchema
from api_service.api.schemas.requests import items_of
from api_service.app_keys import SOURCES
from api_service.problems import (
    BANNED,
    FILM_NOT_FOUND,
    INVALID_CURSOR,
    NO_SOURCE,
    NOT_ENTITLED,
    ROOM_CLOSED,
    ROOM_NOT_FOUND,
    SOURCE_UNAVAILABLE,
)
from api_service.usecases import films, matches, sources

endpoints = Endpoints("films")

MatchingSchema = items_of(PersonSchema, "Matching", paged=True)
FilmsSchema = items_of(FilmSchema, "Films", paged=True)


@endpoints.add("GET", "/films", query=FilmsQuerySchema, gives=FilmsSchema, problems=(INVALID_CURSOR,))
async def list_films(call: Call) -> web.Response:
    """List the films of the catalogue, or search their titles."""
    query = dict(call.query)
    return reply(await films.catalogue(call.db, call.viewer.id, call.locale, query=query.pop("q"), **query))


@endpoints.add("GET", "/films/{film_id}", gives=FilmSchema, problems=(FILM_NOT_FOUND,))
async def read_film(call: Call) -> web.Response:
    """Read one film."""
    return reply(await films.film(call.db, call.viewer.id, call.locale, call.id("film_id", FILM_NOT_FOUND)))


@endpoints.add(
    "GET",
    "/films/{film_id}/source",
    query=SourceQuerySchema,
    gives=FilmSourceSchema,
    problems=(
        FILM_NOT_FOUND,
        NO_SOURCE,
        ROOM_NOT_FOUND,
        BANNED,
        NOT_ENTITLED,
        ROOM_CLOSED,
        SOURCE_UNAVAILABLE,
    ),
    guests_too=True,
)
async def read_film_source(call: Call) -> web.Response:
    """Get the address at which one plays a film, on this visit.

    Where the cinema has a hook for that, it gives each viewer an address of their own, anew for each call; ask again
    before `expires`. `attachSource` of the widget takes the answer as it is.
    """
    film_id = call.id("film_id", FILM_NOT_FOUND)
    hook = call.request.app.get(SOURCES)
    found = await sources.source(call.db, call.site, call.viewer, call.locale, film_id, call.query["room"], hook)
    return reply(found)


@endpoints.add(
    "GET",
    "/films/{film_id}/matches",
    query=PeoplePageQuerySchema,
    gives=MatchingSchema,
    problems=(FILM_NOT_FOUND, INVALID_CURSOR),
)
async def list_film_matches(call: Call) -> web.Response:
    """List the friends who also want to watch a film, in the order of names."""
    film_id = call.id("film_id", FILM_NOT_FOUND)
    return reply(await matches.friends_wanting(call.db, call.viewer.id, film_id, **call.query))

"""Oneself and others: account, friends, the films one wants to watch, and matches."""

from http import HTTPStatus

from aiohttp import web

from api_service.api.endpoints import Call, Endpoints, done, reply
from api_service.api.schemas.films import FilmSchema, MatchSchema
from api_service.api.schemas.people import (
    BlockedSchema,
    FriendSchema,
    FriendsQuerySchema,
    MeSchema,
    PeopleQuerySchema,
    PersonSchema,
)
from api_service.api.schemas.requests import PageQuerySchema, items_of
from api_service.problems import FILM_NOT_FOUND, FRIEND_YOURSELF, INVALID_CURSOR, LIMIT_REACHED, PERSON_NOT_FOUND
from api_service.usecases import blocking, films, friends, limits, matches, people

endpoints = Endpoints("people")

PeopleSchema = items_of(PersonSchema, "People")
BlockedPeopleSchema = items_of(BlockedSchema, "BlockedPeople")
FriendsSchema = items_of(FriendSchema, "Friends", paged=True)
MatchesSchema = items_of(MatchSchema, "Matches", paged=True)
WatchlistSchema = items_of(FilmSchema, "Watchlist", paged=True)


@endpoints.add("GET", "/me", gives=MeSchema)
async def read_me(call: Call) -> web.Response:
    """Read one's own account."""
    return reply(call.viewer)


@endpoints.add("GET", "/people", query=PeopleQuerySchema, gives=PeopleSchema, problems=(LIMIT_REACHED,))
async def find_people(call: Call) -> web.Response:
    """Find people by their whole e-mail address, for example to ask them to be friends."""
    await limits.searched(call.db, call.site.policy, call.viewer.id)
    return reply({"items": await people.people_by_email(call.db, call.viewer.id, call.query["email"])})


@endpoints.add("GET", "/me/friends", query=FriendsQuerySchema, gives=FriendsSchema, problems=(INVALID_CURSOR,))
async def list_friends(call: Call) -> web.Response:
    """List friends and open requests, in the order of names."""
    return reply(await friends.friends(call.db, call.viewer.id, **call.query))


@endpoints.add("PUT", "/me/friends/{user_id}", gives=FriendSchema, problems=(PERSON_NOT_FOUND, FRIEND_YOURSELF))
async def ask_friend(call: Call) -> web.Response:
    """Ask a person to be friends, or accept their request."""
    return reply(await friends.ask(call.db, call.viewer.id, call.id("user_id", PERSON_NOT_FOUND)))


@endpoints.add("DELETE", "/me/friends/{user_id}", status=HTTPStatus.NO_CONTENT, problems=(PERSON_NOT_FOUND,))
async def end_friendship(call: Call) -> web.Response:
    """End a friendship, decline a request or take one back; repeating it changes nothing."""
    await friends.end(call.db, call.viewer.id, call.id("user_id", PERSON_NOT_FOUND))
    return done()


@endpoints.add("GET", "/me/blocked", gives=BlockedPeopleSchema)
async def list_blocked(call: Call) -> web.Response:
    """List whom one has blocked, in the order of names; the first 1,000."""
    return reply({"items": await blocking.blocked_by(call.db, call.viewer.id)})


@endpoints.add("PUT", "/me/blocked/{user_id}", status=HTTPStatus.NO_CONTENT, problems=(PERSON_NOT_FOUND,))
async def block_for_me(call: Call) -> web.Response:
    """Block a person, who is not told; repeating it changes nothing.

    A friendship, its request and their open invitations end; they neither find one nor ask nor invite any more.
    """
    await blocking.block(call.db, call.viewer.id, call.id("user_id", PERSON_NOT_FOUND))
    return done()


@endpoints.add("DELETE", "/me/blocked/{user_id}", status=HTTPStatus.NO_CONTENT, problems=(PERSON_NOT_FOUND,))
async def unblock_for_me(call: Call) -> web.Response:
    """Block a person no more; repeating it changes nothing."""
    await blocking.unblock(call.db, call.viewer.id, call.id("user_id", PERSON_NOT_FOUND))
    return done()


@endpoints.add("GET", "/me/watchlist", query=PageQuerySchema, gives=WatchlistSchema, problems=(INVALID_CURSOR,))
async def list_watchlist(call: Call) -> web.Response:
    """List the films that one wants to watch."""
    return reply(await films.wanted(call.db, call.viewer.id, call.locale, **call.query))


@endpoints.add("PUT", "/me/watchlist/{film_id}", status=HTTPStatus.NO_CONTENT, problems=(FILM_NOT_FOUND,))
async def want_film(call: Call) -> web.Response:
    """Want to watch a film; repeating it changes nothing."""
    await films.want(call.db, call.viewer.id, call.id("film_id", FILM_NOT_FOUND))
    return done()


@endpoints.add("DELETE", "/me/watchlist/{film_id}", status=HTTPStatus.NO_CONTENT, problems=(FILM_NOT_FOUND,))
async def unwant_film(call: Call) -> web.Response:
    """Want to watch a film no more; repeating it changes nothing."""
    await films.unwant(call.db, call.viewer.id, call.id("film_id", FILM_NOT_FOUND))
    return done()


@endpoints.add("GET", "/me/matches", query=PageQuerySchema, gives=MatchesSchema, problems=(INVALID_CURSOR,))
async def list_matches(call: Call) -> web.Response:
    """List the films that friends want to watch, those wanted by most friends first.

    It may be a minute old for whoever's friends want more than 5,000 films altogether.
    """
    return reply(await matches.ranked(call.db, call.viewer.id, call.locale, **call.query))

"""Events between the cinema and us about its own data: what it feeds in, and what its viewers change here.

What was fed in is not told back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from marshmallow import Schema, fields, validate

from shared.events.payload import PayloadSchema
from shared.feed import FilmRowSchema, FriendshipRowSchema, PersonRowSchema, WishRowSchema
from shared.json_fields import TrueOrFalse

FEED_FILM: Final = "feed.film.v1"
FEED_PERSON: Final = "feed.person.v1"
FEED_FRIENDSHIP: Final = "feed.friendship.v1"
FEED_WISH: Final = "feed.wish.v1"
WISH_CHANGED: Final = "wish.changed.v1"
FRIENDSHIP_CHANGED: Final = "friendship.changed.v1"

# Published whether anybody is bound for them or not: a cinema that feeds nothing need not hear of changes either.
OPTIONAL: Final = frozenset({WISH_CHANGED, FRIENDSHIP_CHANGED})


class AccountNameSchema(PayloadSchema):
    """A person by our id and by what the auth service calls them."""

    id = fields.UUID(required=True)
    issuer = fields.String(required=True)
    subject = fields.String(required=True)


class FilmNameSchema(PayloadSchema):
    """A film by our id and by the cinema's; a film that was not fed has none."""

    id = fields.UUID(required=True)
    external_id = fields.String(required=True, allow_none=True)


class WishChangedSchema(PayloadSchema):
    """Somebody put a film on their list here, or took it off."""

    person = fields.Nested(AccountNameSchema, required=True)
    film = fields.Nested(FilmNameSchema, required=True)
    wanted = TrueOrFalse(required=True)
    at = fields.AwareDateTime(required=True, format="iso")


class FriendshipChangedSchema(PayloadSchema):
    """Two people became friends here, or ended it; requests that wait for an answer are not told."""

    people = fields.List(fields.Nested(AccountNameSchema), required=True, validate=validate.Length(equal=2))
    friends = TrueOrFalse(required=True)
    by = fields.UUID(required=True)
    at = fields.AwareDateTime(required=True, format="iso")


SCHEMAS: Final[Mapping[str, Schema]] = {
    FEED_FILM: FilmRowSchema(),
    FEED_PERSON: PersonRowSchema(),
    FEED_FRIENDSHIP: FriendshipRowSchema(),
    FEED_WISH: WishRowSchema(),
    WISH_CHANGED: WishChangedSchema(),
    FRIENDSHIP_CHANGED: FriendshipChangedSchema(),
}

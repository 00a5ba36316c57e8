"""Every problem of the HTTP API: each code is defined here once and explained in docs/errors.md."""

from collections.abc import Mapping, Sequence
from typing import Final

from shared.service import Problem

RETRY_AFTER_S: Final = 1


class Kind:
    """One problem code; `problem()` returns the exception to raise."""

    def __init__(self, status: int, code: str, detail: str, *, headers: Mapping[str, str] | None = None) -> None:
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = headers

    def problem(
        self,
        detail: str | None = None,
        *,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> Problem:
        return Problem(self.status, self.code, detail or self.detail, errors=errors, headers=headers or self.headers)


_RETRY: Final = {"Retry-After": str(RETRY_AFTER_S)}

INVALID_JSON: Final = Kind(400, "invalid_json", "The body is not JSON: send one JSON object, encoded as UTF-8.")
INVALID_CURSOR: Final = Kind(
    400, "invalid_cursor", "This cursor was not given by this list: start again without `cursor`."
)
NOT_ROOM_OWNER: Final = Kind(403, "not_room_owner", "Only the room's owner may do this.")
NOT_ROOM_MODERATOR: Final = Kind(403, "not_room_moderator", "Only the room's owner and its moderators may do this.")
NOT_THERE: Final = Kind(
    403, "not_there", "Only its owner and those who were in the room may see what happened there: join it first."
)
BANNED: Final = Kind(403, "banned", "You are banned from this room: ask its owner to let you in again.")
ACCOUNT_BLOCKED: Final = Kind(
    403, "account_blocked", "The cinema has blocked this account: ask its support what happened."
)
EMAIL_INVITATIONS_OFF: Final = Kind(
    403, "email_invitations_off", "The cinema lets nobody invite by e-mail address: invite friends, or send the link."
)
GUESTS_OFF: Final = Kind(403, "guests_off", "This room lets nobody in without an account: sign in to enter it.")
NOT_ENTITLED: Final = Kind(403, "not_entitled", "The cinema does not let you watch this film.")
FILM_NOT_FOUND: Final = Kind(404, "film_not_found", "There is no such film: take an id from GET /api/v1/films.")
CAPTIONS_NOT_FOUND: Final = Kind(
    404, "captions_not_found", "There are no such captions: take their address from `captions` of a film."
)
NO_SOURCE: Final = Kind(
    404, "no_source", "We know no address of this film: it is watched on the cinema's own page, `watch_url`."
)
PERSON_NOT_FOUND: Final = Kind(
    404, "person_not_found", "There is no such person: find them by GET /api/v1/people?email=."
)
ROOM_NOT_FOUND: Final = Kind(
    404, "room_not_found", "There is no such room, or it is only for those invited: check the link or ask its owner."
)
INVITATION_NOT_FOUND: Final = Kind(
    404, "invitation_not_found", "This room has no such invitation: GET its invitations to see which there are."
)
RUN_NOT_FOUND: Final = Kind(
    404, "run_not_found", "There is no such run: begin one by `POST /api/v1/feed/…?complete=true` with `Feed-Run`."
)
FILM_UNAVAILABLE: Final = Kind(
    409, "film_unavailable", "The film is not available at the time of the screening: choose another time or film."
)
FRIEND_YOURSELF: Final = Kind(409, "friend_yourself", "You cannot be your own friend: give another person's id.")
NOT_FRIENDS: Final = Kind(409, "not_friends", "Only accepted friends can be invited: wait until they accept.")
INVITATION_OVER: Final = Kind(
    409, "invitation_over", "This invitation was declined or taken back, or the screening is over."
)
GUEST_BANNED: Final = Kind(
    409, "guest_banned", "Whoever is banned from the room cannot be invited: lift the ban first."
)
CANNOT_BAN: Final = Kind(
    409, "cannot_ban", "Nobody bans the room's owner or themselves, and only the owner bans a moderator."
)
CANNOT_TRANSFER: Final = Kind(
    409,
    "cannot_transfer",
    "A room goes to a friend, or to somebody who is invited or has been in it, and who may enter it: give their id.",
)
ROOM_BEGUN: Final = Kind(
    409, "room_begun", "Somebody has been in the room already: change its film by `POST /rooms/{code}/film`."
)
OTHERS_NOT_ENTITLED: Final = Kind(
    409, "others_not_entitled", "The cinema does not let everyone who is in the room watch this film: choose another."
)
ROOM_CLOSED: Final = Kind(410, "room_closed", "This room was closed by its owner: ask for a new one, or open your own.")
RUN_REMOVES_TOO_MUCH: Final = Kind(
    409,
    "run_removes_too_much",
    "This run would remove over a fifth of what was fed; nothing was removed. If that is right, add `force=true`.",
)
RUN_FINISHED: Final = Kind(409, "run_finished", "This run is finished: begin another under a new `Feed-Run`.")
TOO_MANY_ROWS: Final = Kind(
    413, "too_many_rows", "A request takes 10,000 rows at most; these were taken, send the rest in another request."
)
ROW_TOO_LONG: Final = Kind(413, "row_too_long", "A row is at most 64 KiB long: shorten it.")
ROOM_CHANGED: Final = Kind(
    412, "room_changed", "The room was changed since you read it: read it again, and send its new ETag in If-Match."
)
BODY_TOO_LARGE: Final = Kind(413, "body_too_large", "The body is larger than 64 KiB: send less at once.")
UNSUPPORTED_MEDIA_TYPE: Final = Kind(
    415, "unsupported_media_type", "Send the body as JSON, with Content-Type: application/json."
)
INVALID_FIELDS: Final = Kind(422, "invalid_fields", "Some fields are wrong: `errors` names each and what it must be.")
IDEMPOTENCY_KEY_REUSED: Final = Kind(
    422, "idempotency_key_reused", "This Idempotency-Key was used for another order: use a new key for each new order."
)
LIMIT_REACHED: Final = Kind(
    429, "limit_reached", "This was done too often: try again after `Retry-After` seconds.", headers=_RETRY
)
DATABASE_UNAVAILABLE: Final = Kind(
    503,
    "database_unavailable",
    "The database is not answering; nothing was changed that was not confirmed. Try again.",
    headers=_RETRY,
)
ENTITLEMENT_UNAVAILABLE: Final = Kind(
    503,
    "entitlement_unavailable",
    "The cinema does not say at the moment whether you may watch this film. Try again.",
    headers={"Retry-After": "5"},
)
SOURCE_UNAVAILABLE: Final = Kind(
    503,
    "source_unavailable",
    "The cinema does not say at the moment where this film plays. Try again.",
    headers={"Retry-After": "5"},
)
DEADLINE_EXCEEDED: Final = Kind(
    503, "deadline_exceeded", "This took too long and was given up. Try again.", headers=_RETRY
)

KINDS: Final = tuple(value for value in globals().values() if isinstance(value, Kind))

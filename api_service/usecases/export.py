"""A person's own data: one ZIP of JSON files, made as it is read, a page of rows at a time.

docs/personal-data.md says what is in each file.
"""

import zipfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import IO, Any, Final
from uuid import UUID

import orjson
from sqlalchemy import text

from api_service.database import Queryable, Row, Statement
from api_service.usecases.people import DELETED_ID

PAGE: Final = 500
CHUNK_BYTES: Final = 64 * 1024
_PLACE: Final = "after_"  # columns that say where a page ended, which are no part of the file


@dataclass(frozen=True)
class _File:
    """A file of the export: a list of rows, in the order of the columns ``start``, before whose values it begins."""

    name: str
    rows: Statement
    start: Mapping[str, Any]


def _list(name: str, sql: str, **start: Any) -> _File:
    return _File(f"{name}.json", Statement(text(f"{sql} LIMIT :page")), start)


_PROFILE: Final = Statement(
    text("""
SELECT id, issuer, subject, name, email, locale, chosen_locale, list_hidden, time_zone, picture_url,
    created_at, updated_at,
    version_at AS fed_version_at, profile_updated_at, profile_issued_at, signed_out_at
FROM users WHERE id = :user_id
""")
)
_MAILS: Final = Statement(
    text("""
SELECT NOT EXISTS (SELECT FROM unsubscribed WHERE email = lower(person.email)) AS wanted, coalesce((
    SELECT jsonb_agg(jsonb_build_object('inviter', inviter.name, 'muted_at', muted_at) ORDER BY muted_at)
    FROM muted_inviters JOIN users AS inviter ON inviter.id = inviter_id WHERE user_id = person.id
), '[]') AS muted
FROM users AS person WHERE id = :user_id
""")
)
_OF_ROOM: Final = "room.id > CAST(:after_room AS uuid)"
_PLACED: Final = """
(entry.room_id, entry.epoch, entry.seq) > (CAST(:after_room AS uuid), :after_epoch, :after_seq)
ORDER BY entry.room_id, entry.epoch, entry.seq"""
_PLACE_COLUMNS: Final = "entry.room_id AS after_room, entry.epoch AS after_epoch, entry.seq AS after_seq"
_FILM: Final = """
(SELECT count(*) FROM room_events AS change WHERE change.room_id = entry.room_id AND change.film_id IS NOT NULL
    AND (change.epoch, change.seq) <= (entry.epoch, entry.seq)) AS film"""  # as room_archive.film_no
_PLACE_START: Final = {"after_room": DELETED_ID, "after_epoch": 0, "after_seq": 0}
_FILES: Final = (
    _list(
        "wishes",
        """
SELECT film.id AS after_film, film.id AS film_id, film.external_id, film.title, wish.added_at
FROM watchlist AS wish JOIN films AS film ON film.id = wish.film_id
WHERE wish.user_id = :user_id AND wish.film_id > CAST(:after_film AS uuid) ORDER BY wish.film_id""",
        after_film=DELETED_ID,
    ),
    _list(
        "friendships",
        """
SELECT other.id AS after_person, other.id AS person_id, other.name, tie.requested_by = :user_id AS asked_by_you,
    tie.requested_at, tie.accepted_at
FROM friendships AS tie
JOIN users AS other ON other.id = CASE WHEN tie.low_id = :user_id THEN tie.high_id ELSE tie.low_id END
WHERE (tie.low_id = :user_id OR tie.high_id = :user_id) AND other.id > CAST(:after_person AS uuid) ORDER BY other.id""",
        after_person=DELETED_ID,
    ),
    _list(
        "blocked",
        """
SELECT other.id AS after_person, other.id AS person_id, other.name, block.blocked_at
FROM blocks AS block JOIN users AS other ON other.id = block.blocked_id
WHERE block.user_id = :user_id AND other.id > CAST(:after_person AS uuid) ORDER BY other.id""",
        after_person=DELETED_ID,
    ),
    _list(
        "rooms_owned",
        f"""
SELECT room.id AS after_room, room.code, room.title, room.film_id, film.title AS film, room.access, room.control,
    room.capacity, room.settings, room.starts_at, room.created_at, room.closed_at, room.closed_reason
FROM rooms AS room JOIN films AS film ON film.id = room.film_id
WHERE room.owner_id = :user_id AND {_OF_ROOM} ORDER BY room.id""",  # noqa: S608
        after_room=DELETED_ID,
    ),
    _list(
        "rooms_entered",
        f"""
SELECT room.id AS after_room, room.code, place.role, place.since, ban.banned_at
FROM room_roles AS place JOIN rooms AS room ON room.id = place.room_id
LEFT JOIN bans AS ban ON ban.room_id = place.room_id AND ban.user_id = place.user_id
WHERE place.user_id = :user_id AND {_OF_ROOM} ORDER BY room.id""",  # noqa: S608
        after_room=DELETED_ID,
    ),
    _list(
        "invitations_sent",
        """
SELECT invitation.id AS after_invitation, invitation.id, room.code AS room, person.name AS invitee,
    invitation.created_at, invitation.mailed_at, invitation.delivered_at, invitation.failed_at, invitation.answer,
    invitation.answered_at, invitation.revoked_at
FROM invitations AS invitation JOIN rooms AS room ON room.id = invitation.room_id
JOIN users AS person ON person.id = invitation.invitee_id
WHERE invitation.inviter_id = :user_id AND invitation.id > CAST(:after_invitation AS uuid) ORDER BY invitation.id""",
        after_invitation=DELETED_ID,
    ),
    _list(
        "invitations_received",
        """
SELECT invitation.id AS after_invitation, invitation.id, room.code AS room, person.name AS inviter,
    invitation.created_at, invitation.mailed_at, invitation.delivered_at, invitation.failed_at, invitation.failure,
    invitation.answer, invitation.answered_at, invitation.revoked_at
FROM invitations AS invitation JOIN rooms AS room ON room.id = invitation.room_id
JOIN users AS person ON person.id = invitation.inviter_id
WHERE invitation.invitee_id = :user_id AND invitation.id > CAST(:after_invitation AS uuid) ORDER BY invitation.id""",
        after_invitation=DELETED_ID,
    ),
    _list(
        "visits",
        f"""
SELECT {_PLACE_COLUMNS}, entry.id, room.code AS room, entry.started_at, entry.ended_at, entry.end_reason
FROM visits AS entry JOIN rooms AS room ON room.id = entry.room_id
WHERE entry.user_id = :user_id AND {_PLACED}""",  # noqa: S608
        **_PLACE_START,
    ),
    _list(
        "messages",
        f"""
SELECT {_PLACE_COLUMNS}, entry.message_id AS id, room.code AS room, entry.author_name AS name, entry.text,
    {_FILM}, round(entry.position_ms) AS position_ms, entry.sent_at, entry.reply_to, entry.deleted_at, entry.edited_at
FROM chat_messages AS entry JOIN rooms AS room ON room.id = entry.room_id
WHERE entry.author_id = :user_id AND {_PLACED}""",  # noqa: S608
        **_PLACE_START,
    ),
    _list(
        "playback",
        f"""
SELECT {_PLACE_COLUMNS}, room.code AS room, entry.event, entry.status,
    {_FILM}, round(entry.position_ms) AS position_ms, entry.rate, entry.happened_at
FROM room_events AS entry JOIN rooms AS room ON room.id = entry.room_id
WHERE entry.user_id = :user_id AND {_PLACED}""",  # noqa: S608
        **_PLACE_START,
    ),
    _list(
        "asides",
        f"""
SELECT {_PLACE_COLUMNS}, room.code AS room, entry.reason, {_FILM},
    round(entry.position_ms) AS position_ms, entry.happened_at
FROM asides AS entry JOIN rooms AS room ON room.id = entry.room_id
WHERE entry.user_id = :user_id AND {_PLACED}""",  # noqa: S608
        **_PLACE_START,
    ),
    _list(
        "sessions",
        """
SELECT id AS after_session, id, by_token, provider_sid, created_at, expires_at, ended_at, end_reason
FROM sessions WHERE user_id = :user_id AND id > CAST(:after_session AS uuid) ORDER BY id""",
        after_session=DELETED_ID,
    ),
)


class _Sink:
    """A file that cannot be read or sought: what was written to it is taken out piece by piece."""

    def __init__(self) -> None:
        self._written = bytearray()

    def write(self, data: Any) -> int:
        self._written += data
        return len(data)

    def flush(self) -> None:
        """Do nothing; zipfile asks for it."""

    def taken(self, least: int = 1) -> Iterator[bytes]:
        """Yield what was written since the last time, unless it is less than ``least`` bytes."""
        if len(self._written) >= least:
            yield bytes(self._written)
            self._written.clear()


async def export(db: Queryable, user_id: UUID) -> AsyncIterator[bytes]:
    """Yield the ZIP of a person's data, in pieces; at most a page of rows is in memory.

    Each page is as it was when it was read, the whole is of no single moment.
    """
    sink = _Sink()
    # zipfile writes to what cannot be sought too, with the sizes behind each file.
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[call-overload]
        for name, statement in (("profile.json", _PROFILE), ("mail_preferences.json", _MAILS)):
            row = await db.one(statement, user_id=user_id)
            archive.writestr(name, _json(row))
        for file in _FILES:
            opened: AbstractContextManager[IO[bytes]] = archive.open(file.name, "w")
            with opened as into:
                into.write(b"[")
                async for first, row in _rows(db, file, user_id):
                    into.write((b"\n" if first else b",\n") + _json(row))
                    for piece in sink.taken(CHUNK_BYTES):
                        yield piece
                into.write(b"\n]\n")
            for piece in sink.taken():
                yield piece
    for piece in sink.taken():
        yield piece


async def _rows(db: Queryable, file: _File, user_id: UUID) -> AsyncIterator[tuple[bool, Row]]:
    place, first = dict(file.start), True
    while True:
        rows = await db.all(file.rows, user_id=user_id, page=PAGE, **place)
        for row in rows:
            yield first, row
            first = False
        if len(rows) < PAGE:
            return
        place = {name: getattr(rows[-1], name) for name in place}


def _json(row: Row) -> bytes:
    told = {name: value for name, value in row._asdict().items() if not name.startswith(_PLACE)}
    return orjson.dumps(told, option=orjson.OPT_UTC_Z)

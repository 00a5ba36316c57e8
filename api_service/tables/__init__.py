"""The tables of PostgreSQL, which migrations create and statements use.

Keys are UUIDv7, so the order of keys is the order of creation and a key can serve as a list's cursor. Times are
`timestamptz`. Every constraint has a name, and every foreign key leads an index.
"""

from api_service.tables.archive import (
    asides,
    chat_deletions,
    chat_edits,
    chat_messages,
    reaction_counts,
    room_events,
    visits,
)
from api_service.tables.bookkeeping import idempotency_keys, inbox, limit_uses, outbox
from api_service.tables.catalogue import caption_files, films, match_rankings, watchlist
from api_service.tables.columns import metadata
from api_service.tables.feeding import feed_named, feed_runs, removed_friendships, removed_wishes
from api_service.tables.inviting import invitations, muted_inviters, unsubscribed
from api_service.tables.people import blocks, erasures, friendships, provider_logouts, sessions, users
from api_service.tables.room import bans, room_roles, rooms

__all__ = [
    "asides",
    "bans",
    "blocks",
    "caption_files",
    "chat_deletions",
    "chat_edits",
    "chat_messages",
    "erasures",
    "feed_named",
    "feed_runs",
    "films",
    "friendships",
    "idempotency_keys",
    "inbox",
    "invitations",
    "limit_uses",
    "match_rankings",
    "metadata",
    "muted_inviters",
    "outbox",
    "provider_logouts",
    "reaction_counts",
    "removed_friendships",
    "removed_wishes",
    "room_events",
    "room_roles",
    "rooms",
    "sessions",
    "unsubscribed",
    "users",
    "visits",
    "watchlist",
]

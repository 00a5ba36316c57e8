"""What its owner changes about an open room; other services are told of just that.

The live room changes control, capacity and settings by itself too, and the archive brings that back here. Of two who
change the same value at the same moment, the one whom the live room hears last has the last word: it applies
`room.changed` like any other change, and what it then tells of all its settings is what stays here.
"""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Uuid, bindparam, update

from api_service.database import Database, Statement
from api_service.site import Site
from api_service.tables import rooms as rooms_table
from api_service.usecases import invitations, outbox, published, rooms
from api_service.usecases.people import User
from api_service.usecases.rooms import Room

_FIELDS: Final = ("access", "control", "capacity", "starts_at")
_CHANGE = Statement(
    update(rooms_table)
    .values(
        {name: bindparam(f"new_{name}", type_=rooms_table.c[name].type) for name in (*_FIELDS, "settings")},
    )
    .values(version=rooms_table.c.version + 1)
    .where(rooms_table.c.id == bindparam("room_id", type_=Uuid))
)


async def change_room(db: Database, site: Site, owner: User, locale: str, code: str, wanted: Mapping[str, Any]) -> Room:
    """Change the ``wanted`` fields of one's open room: any of access, control, capacity, starts_at and settings.

    Of settings, those not named stay. What is as wanted already is no change: no new version, nothing told. Raises the
    problems `room_not_found`, `not_room_owner` and `room_closed`.
    """
    async with db.transaction() as transaction:
        row = await rooms.owned_room(transaction, owner.id, code)
        row = await rooms.held_room(transaction, owner.id, row.id)
        seen = rooms.room_of(row, site, owner.id, locale)
        fields = {name: wanted.get(name, getattr(row, name)) for name in _FIELDS}
        changed = [name for name in _FIELDS if fields[name] != getattr(row, name)]
        settings = {name: value for name, value in wanted.get("settings", {}).items() if value != seen.settings[name]}
        if changed or settings:
            new = {f"new_{name}": value for name, value in fields.items()}
            await transaction.run(_CHANGE, room_id=row.id, new_settings={**row.settings, **settings}, **new)
            row = await rooms.changed_room(transaction, owner.id, row.id)
            await outbox.add(transaction, [published.room_changed(row, changed, settings)])
        shown = await invitations.listed(transaction, row.id)
    return rooms.room_of(row, site, owner.id, locale, shown)

"""Captions that are fed as files: kept as WebVTT at an address that a film's row then names."""

import asyncio
import hashlib
from dataclasses import dataclass

from sqlalchemy import Text, bindparam, func, select
from sqlalchemy.dialects.postgresql import insert

from api_service.captions import Format, Unreadable, captions_of
from api_service.database import Database, Queryable, Statement
from api_service.problems import CAPTIONS_NOT_FOUND, INVALID_FIELDS
from api_service.site import Site
from api_service.tables import caption_files

_id = bindparam("id", type_=Text)
# Fed again, it is as new: housekeeping leaves it to the film's row, which follows.
_KEEP = Statement(
    insert(caption_files)
    .values(id=_id, webvtt=bindparam("webvtt", type_=Text))
    .on_conflict_do_update(index_elements=["id"], set_={"fed_at": func.now()})
)
_READ = Statement(select(caption_files.c.webvtt).where(caption_files.c.id == _id))


@dataclass(frozen=True, slots=True)
class CaptionFile:
    """Captions that were taken: their address, what they were read as, in which encoding, and how many there are."""

    url: str
    format: Format
    encoding: str
    cues: int


async def take(db: Database, site: Site, data: bytes, charset: str | None) -> CaptionFile:
    """Keep a file's captions; the same ones have the same address. Raises the problem `invalid_fields`."""
    try:
        # Which encoding it is takes tens of milliseconds to find out.
        found = await asyncio.to_thread(captions_of, data, charset)
    except Unreadable as error:
        raise INVALID_FIELDS.problem(errors=[{"field": error.field, "message": str(error)}]) from None
    id_ = hashlib.blake2b(found.webvtt.encode(), digest_size=16).hexdigest()
    await db.run(_KEEP, id=id_, webvtt=found.webvtt)
    return CaptionFile(f"{site.public_url}/captions/{id_}.vtt", found.format, found.encoding, found.cues)


async def read(db: Queryable, id_: str) -> str:
    """Return captions as WebVTT; raises the problem `captions_not_found`."""
    row = await db.first(_READ, id=id_)
    if row is None:
        raise CAPTIONS_NOT_FOUND.problem()
    webvtt: str = row.webvtt
    return webvtt

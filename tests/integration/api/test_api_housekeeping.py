"""What nobody asks for: old rows go, young ones stay."""

import pytest

from api_service import housekeeping
from api_service.database import Database
from api_service.usecases import rooms
from api_service.usecases.rooms import RoomOrder
from tests.support.api_fixtures import SITE, Cinema


async def test_rows_that_have_served_go_and_others_stay(
    db: Database, cinema: Cinema, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "PURGE_BATCH", 2)
    anna, film_id = await cinema.person("Anna"), await cinema.film()
    for key in ("old", "young"):
        await rooms.open_room(db, SITE, anna, RoomOrder(film_id), "ru", key=key)
    await cinema.rows(
        "WITH a AS (UPDATE idempotency_keys SET created_at = now() - interval '25 hours' WHERE key = 'old'), "
        "b AS (INSERT INTO inbox SELECT n::text, now() - n * interval '1 day' FROM generate_series(1, 40) n), "
        "c AS (INSERT INTO outbox (id, type, subject, data, published_at) SELECT gen_random_uuid(), 't', 's', '{}', "
        "  now() - n * interval '1 day' FROM generate_series(1, 20) n) "
        "UPDATE outbox SET created_at = now() - interval '1 year' RETURNING id"
    )

    await housekeeping.purge(db)

    assert [row.key for row in await cinema.rows("SELECT key FROM idempotency_keys")] == ["young"]
    assert await cinema.value("SELECT count(*) FROM inbox") == 29
    assert await cinema.value("SELECT count(*) FROM outbox WHERE published_at IS NOT NULL") == 6
    assert await cinema.value("SELECT count(*) FROM outbox WHERE published_at IS NULL") == 2
    assert await cinema.value("SELECT count(*) FROM rooms") == 2

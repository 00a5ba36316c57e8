"""What the cinema feeds: its own ids and versions, films in any languages, tombstones and complete runs.

Revision: 0003, after 0002. Written 2026-12-16 10:02:41.120637+00:00.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_LISTS = ("genres", "sources", "captions", "audio", "trailers", "origins")
_TEXTS = ("external_id", "backdrop_url", "watch_url", "age_rating")
_OPTIONAL = {"year": sa.SmallInteger(), "duration_ms": sa.BigInteger(), "media_url": sa.Text(), "poster_url": sa.Text()}
_MOMENT = sa.DateTime(timezone=True)
_TOMBSTONES = {
    "removed_friendships": (("low_id", "users"), ("high_id", "users")),
    "removed_wishes": (("user_id", "users"), ("film_id", "films")),
}


def upgrade() -> None:
    for table in ("users", "films"):
        op.add_column(table, sa.Column("version_at", _MOMENT, nullable=True))
        op.add_column(table, sa.Column("version_digest", sa.Text(), nullable=True))
        op.add_column(table, sa.Column("removed_at", _MOMENT, nullable=True))
    op.add_column("users", sa.Column("time_zone", sa.Text(), nullable=True))
    op.add_column("users", sa.Column("picture_url", sa.Text(), nullable=True))

    for name in _TEXTS:
        op.add_column("films", sa.Column(name, sa.Text(), nullable=True))
    op.create_unique_constraint(op.f("uq_films_external_id"), "films", ["external_id"])
    for name in _LISTS:
        empty = sa.text("'[]'")
        op.add_column("films", sa.Column(name, postgresql.JSONB(), server_default=empty, nullable=False))
    for name in ("available_from", "available_until"):
        op.add_column("films", sa.Column(name, _MOMENT, nullable=True))
    for name, kind in _OPTIONAL.items():
        op.alter_column("films", name, existing_type=kind, nullable=True)
    op.drop_constraint(op.f("ck_films_title_locales"), "films", type_="check")
    op.drop_constraint(op.f("ck_films_description_locales"), "films", type_="check")
    op.create_check_constraint(op.f("ck_films_title"), "films", "jsonb_typeof(title) = 'object' AND title <> '{}'")
    op.create_check_constraint(op.f("ck_films_description"), "films", "jsonb_typeof(description) = 'object'")
    op.create_check_constraint(op.f("ck_films_availability"), "films", "available_from < available_until")

    for table in ("friendships", "watchlist"):
        op.add_column(table, sa.Column("version_at", _MOMENT, server_default=sa.text("now()"), nullable=False))
        op.add_column(table, sa.Column("fed", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    # What stands here already was last changed when it came about, not at the migration.
    op.execute("UPDATE friendships SET version_at = coalesce(accepted_at, requested_at)")
    op.execute("UPDATE watchlist SET version_at = added_at")

    for table, keys in _TOMBSTONES.items():
        _create_tombstones(table, keys)
    op.create_table(
        "feed_runs",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kinds", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("started_at", _MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", _MOMENT, nullable=True),
        sa.Column("removed", postgresql.JSONB(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_runs")),
    )
    op.create_index(op.f("ix_feed_runs_started_at"), "feed_runs", ["started_at"], unique=False)
    op.create_table(
        "feed_named",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("one_id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["feed_runs.id"], name=op.f("fk_feed_named_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "kind", "one_id", "other_id", name=op.f("pk_feed_named")),
    )


def _create_tombstones(table: str, keys: tuple[tuple[str, str], ...]) -> None:
    names = [name for name, _ in keys]
    references = [
        sa.ForeignKeyConstraint([name], [f"{target}.id"], name=op.f(f"fk_{table}_{name}"), ondelete="CASCADE")
        for name, target in keys
    ]
    op.create_table(
        table,
        *(sa.Column(name, sa.Uuid(), nullable=False) for name in names),
        sa.Column("version_at", _MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("removed_at", _MOMENT, server_default=sa.text("now()"), nullable=False),
        *references,
        sa.PrimaryKeyConstraint(*names, name=op.f(f"pk_{table}")),
    )
    for name in (names[1], "removed_at"):
        op.create_index(op.f(f"ix_{table}_{name}"), table, [name], unique=False)


def downgrade() -> None:
    for table in ("feed_named", "feed_runs", *_TOMBSTONES):
        op.drop_table(table)
    for table in ("watchlist", "friendships"):
        op.drop_column(table, "fed")
        op.drop_column(table, "version_at")

    for name in ("availability", "description", "title"):
        op.drop_constraint(op.f(f"ck_films_{name}"), "films", type_="check")
    # A film that is taken out and in no room was invisible, and the tables of before could not say so.
    op.execute("DELETE FROM films WHERE removed_at IS NOT NULL AND id NOT IN (SELECT film_id FROM rooms)")
    # They knew two languages, and every fact of a film.
    op.execute(
        "UPDATE films SET title = jsonb_build_object('ru', told, 'en', told) || title FROM (SELECT id AS film, "
        "coalesce(title ->> 'en', title ->> 'ru', (SELECT min(value) FROM jsonb_each_text(title)), slug) AS told "
        "FROM films) AS texts WHERE films.id = film"
    )
    op.execute("UPDATE films SET description = jsonb_build_object('ru', '', 'en', '') || description")
    for name in ("title", "description"):
        both = f"{name} ? 'ru' AND {name} ? 'en'"
        op.create_check_constraint(op.f(f"ck_films_{name}_locales"), "films", both)
    op.execute(
        "UPDATE films SET year = coalesce(year, 0), duration_ms = coalesce(duration_ms, 86400000), "
        "media_url = coalesce(media_url, ''), poster_url = coalesce(poster_url, '') "
        "WHERE year IS NULL OR duration_ms IS NULL OR media_url IS NULL OR poster_url IS NULL"
    )
    for name, kind in _OPTIONAL.items():
        op.alter_column("films", name, existing_type=kind, nullable=False)
    op.drop_constraint(op.f("uq_films_external_id"), "films", type_="unique")
    for name in ("available_until", "available_from", *_LISTS, *_TEXTS):
        op.drop_column("films", name)
    for name in ("picture_url", "time_zone"):
        op.drop_column("users", name)
    for table in ("films", "users"):
        for name in ("removed_at", "version_digest", "version_at"):
            op.drop_column(table, name)

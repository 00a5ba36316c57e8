"""What tables are made of: how constraints are named, and the columns that many have."""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, ForeignKey, MetaData, Table, Text, Uuid, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.schema import SchemaItem

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def key() -> Column[object]:
    """Return a primary key of UUIDs."""
    return Column("id", Uuid, primary_key=True)


def moment(name: str, *, nullable: bool = False) -> Column[object]:
    """Return a column for a time; unless it is nullable, now is its default."""
    return Column(name, DateTime(timezone=True), nullable=nullable, server_default=None if nullable else func.now())


def reference(name: str, target: str, *, on_delete: str = "CASCADE", nullable: bool = False) -> Column[object]:
    """Return a foreign key to the `id` of the table `target`."""
    return Column(name, Uuid, ForeignKey(f"{target}.id", ondelete=on_delete), nullable=nullable)


def place(prefix: str = "") -> tuple[Column[object], Column[object]]:
    """Return columns for a place in the room's journal; their default is before every place."""
    return (
        Column(f"{prefix}epoch", BigInteger, nullable=False, server_default="0"),
        Column(f"{prefix}seq", BigInteger, nullable=False, server_default="0"),
    )


def entry() -> tuple[Column[object], Column[object]]:
    """Return columns for the place of an entry of the room's journal."""
    return Column("epoch", BigInteger, nullable=False), Column("seq", BigInteger, nullable=False)


def fed() -> tuple[Column[object], Column[object], Column[object]]:
    """Return the columns of what the cinema feeds: which version stands here, and since when it is taken out."""
    return (
        # The cinema's own `updated_at`; null in what it has not fed, or what a run has taken out: any version is newer.
        moment("version_at", nullable=True),
        Column("version_digest", Text, nullable=True),
        moment("removed_at", nullable=True),
    )


def tie_version() -> tuple[Column[object], Column[object]]:
    """Return the columns of a wish or a friendship: when it was last changed by anybody, and whether it was fed."""
    return moment("version_at"), Column("fed", Boolean, nullable=False, server_default=text("false"))


def json_list(name: str) -> Column[object]:
    """Return a column for a list in JSON, empty unless it is set."""
    return Column(name, JSONB, nullable=False, server_default=text("'[]'"))


def table(name: str, *parts: SchemaItem) -> Table:
    """Return a table of `metadata`."""
    return Table(name, metadata, *parts)

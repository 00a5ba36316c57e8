"""What a caller sends, and how lists are asked for and answered."""

from typing import Any

from marshmallow import RAISE, Schema, fields, validate

from api_service.usecases.paging import CURSOR

PAGE_MOST = 100


# PostgreSQL cannot store NUL, and no title contains another control character. Python's `$` also stands before a last
# line break.
printable = validate.Regexp(r"^[^\u0000-\u001f\u007f]*$(?!\n)", error="Must not contain control characters.")


class RequestSchema(Schema):
    """What a caller sends: an unknown field is refused."""

    class Meta:
        unknown = RAISE

    error_messages = {  # noqa: RUF012 - marshmallow's own way of naming messages
        "unknown": "Unknown field: leave it out.",
        "type": "Must be a JSON object.",
    }


class PageQuerySchema(RequestSchema):
    limit = fields.Integer(
        load_default=20,
        validate=validate.Range(1, PAGE_MOST),
        metadata={"description": "How many to give at most."},
    )
    cursor = fields.String(
        validate=validate.Length(max=500),
        metadata={
            "description": "`next_cursor` of the page before; left out for the first page.",
            "pattern": CURSOR,  # another is refused as `invalid_cursor`
        },
    )


def items_of(item: type[Schema], name: str, *, paged: bool = False) -> type[Schema]:
    """Return the schema of a list: ``items``, and with ``paged`` the cursor of the next page."""
    members: dict[str, Any] = {"items": fields.List(fields.Nested(item), required=True)}
    if paged:
        members["next_cursor"] = fields.String(required=True, allow_none=True)
    return Schema.from_dict(members, name=name)

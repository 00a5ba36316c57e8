"""A request's body, query and headers, parsed with webargs; every fault names its field."""

from typing import Any, Final, NoReturn, cast

import orjson
from aiohttp import web
from marshmallow import Schema, ValidationError
from webargs.aiohttpparser import AIOHTTPParser, is_json_request

from api_service.field_errors import flat_messages
from api_service.problems import BODY_TOO_LARGE, INVALID_FIELDS, INVALID_JSON, UNSUPPORTED_MEDIA_TYPE

BODY_BYTES: Final = 64 * 1024
KEY_CHARACTERS: Final = 255
# Printable ASCII; HTTP takes spaces off at either end.
KEY: Final = r"^[!-~]([ -~]*[!-~])?$"


class _Parser(AIOHTTPParser):
    async def load_json(self, req: web.Request, schema: Schema) -> Any:
        if not is_json_request(req):
            raise UNSUPPORTED_MEDIA_TYPE.problem()
        try:
            # orjson refuses NaN and lone surrogates, neither of which PostgreSQL would store.
            return orjson.loads(await req.read())
        except web.HTTPRequestEntityTooLarge:
            raise BODY_TOO_LARGE.problem() from None
        except orjson.JSONDecodeError as error:
            raise INVALID_JSON.problem(f"{INVALID_JSON.detail} It breaks off here: {error}.") from None

    def handle_error(self, error: ValidationError, *_: Any, **__: Any) -> NoReturn:
        errors = [found for messages in error.messages_dict.values() for found in flat_messages(messages)]
        raise INVALID_FIELDS.problem(errors=errors) from None


_PARSER: Final = _Parser()


async def read_body(request: web.Request, schema: Schema) -> dict[str, Any]:
    """Return the JSON body by its schema.

    Raises the problems `unsupported_media_type`, `body_too_large`, `invalid_json` and `invalid_fields`.
    """
    return cast("dict[str, Any]", await _PARSER.parse(schema, request, location="json"))


async def read_query(request: web.Request, schema: Schema) -> dict[str, Any]:
    """Return the query parameters by their schema; raises the problem `invalid_fields`."""
    return cast("dict[str, Any]", await _PARSER.parse(schema, request, location="query", unknown="raise"))


def read_idempotency_key(request: web.Request) -> str | None:
    """Return the Idempotency-Key (draft-ietf-httpapi-idempotency-key-header) or None; raises `invalid_fields`."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not (0 < len(key) <= KEY_CHARACTERS and key.isascii() and key.isprintable()):
        message = f"Must be 1 to {KEY_CHARACTERS} printable ASCII characters, for example a UUID."
        raise INVALID_FIELDS.problem(errors=[{"field": "Idempotency-Key", "message": message}])
    return key

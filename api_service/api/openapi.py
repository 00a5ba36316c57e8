"""The OpenAPI document, generated from the endpoints and from the schemas that read their requests."""

import re
from collections.abc import Iterable
from functools import cache
from itertools import groupby
from typing import Any, Final

from aiohttp import web
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin

from api_service.api import (
    accounts,
    captions,
    feed,
    films,
    guests,
    mails,
    me,
    own_data,
    room_archive,
    room_people,
    rooms,
)
from api_service.api.endpoints import PREFIX, Endpoint, reply
from api_service.api.examples import REQUESTS
from api_service.api.feed import RUN_CHARACTERS, RUN_ID
from api_service.api.parsing import KEY, KEY_CHARACTERS
from api_service.api.schemas.problems import ProblemSchema
from api_service.api.schemas.rooms import RoomSchema
from api_service.app_keys import SITE, SPEC
from api_service.identity.guards import SAFE_METHODS
from api_service.problems import (
    BODY_TOO_LARGE,
    DATABASE_UNAVAILABLE,
    DEADLINE_EXCEEDED,
    INVALID_FIELDS,
    INVALID_JSON,
    ROOM_CHANGED,
    UNSUPPORTED_MEDIA_TYPE,
    Kind,
)
from shared.feed import ONE_LINE, SUBJECT_CHARACTERS
from shared.json_schema import bounds

PATH: Final = f"{PREFIX}/openapi.json"
VERSION: Final = "1.0.0"

ALL: Final[tuple[Endpoint, ...]] = (
    *me.endpoints,
    *own_data.endpoints,
    *mails.endpoints,
    *films.endpoints,
    *rooms.endpoints,
    *room_people.endpoints,
    *guests.endpoints,
    *room_archive.endpoints,
    *feed.endpoints,
    *captions.endpoints,
    *feed.lookups,
    *accounts.endpoints,
    *accounts.erasures,
)

_DESCRIPTION: Final = """\
Films, friends who want to watch them, and rooms to watch them together.

Sign in through the pages (a session cookie; unsafe methods then need a same-origin `Origin`), or send an access token
of the cinema's auth service as `Authorization: Bearer`. Errors are RFC 9457 problem documents with a stable `code`.
Lists are pages: pass `next_cursor` as `cursor` until it is null. Moments are RFC 3339 in UTC.
"""
_GUEST_SCHEME: Final = {
    "type": "apiKey",
    "in": "cookie",
    "name": "movie_together_guest",
    "description": "The cookie of `POST /rooms/{code}/guests`, for its room alone; the name has an ending.",
}
_PROGRAM_SCHEME: Final = {
    "type": "oauth2",
    "description": "Client credentials of the cinema's auth service, whose own document names the token's address.",
    "flows": {
        "clientCredentials": {
            "tokenUrl": "/token",
            "scopes": {"feed": "Bring the cinema's own data in.", "admin": "Administer people and rooms."},
        }
    },
}
_PARAMETERS: Final[dict[str, dict[str, Any]]] = {
    "code": {"type": "string", "pattern": "^[A-Za-z0-9_-]{22}$", "description": "The room's code, as in its link."},
    "film_id": {"type": "string", "format": "uuid"},
    "user_id": {"type": "string", "format": "uuid"},
    "invitation_id": {"type": "string", "format": "uuid"},
    "subject": {
        "type": "string",
        "minLength": 1,
        "maxLength": SUBJECT_CHARACTERS,
        "pattern": ONE_LINE,
        "description": "`sub` of a person's tokens.",
    },
    "run_id": {
        "type": "string",
        "minLength": 1,
        "maxLength": RUN_CHARACTERS,
        "pattern": RUN_ID,
        "description": "The `Feed-Run` of a complete run.",
    },
}
_CROSS_SITE: Final = "- `cross_site_request`: A request by cookie has to come from the site's own pages."
_NO_PROVIDER: Final = "- `identity_unavailable`: The cinema's auth service does not answer. Try again."
_RETRY_AFTER: Final = {
    "Retry-After": {"required": True, "schema": {"type": "integer", "minimum": 0}, "description": "In seconds."}
}
_ETAG: Final = r'^"[!#-~]+"$'
_SIGNED_IN: Final = "sign_in_required, invalid_token: sign in, or send a valid access token."


def setup_api(app: web.Application) -> None:
    """Add every endpoint, and the document that describes them, to ``app``."""
    app[SPEC] = document(app[SITE].path)
    app.add_routes([web.route(one.method, PREFIX + one.path, one.answer, name=one.name) for one in ALL])
    app.router.add_get(PATH, _describe)


@cache
def document(path: str = "") -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of all endpoints, made once; ``path`` is that of the site's address."""
    plugin = MarshmallowPlugin(schema_name_resolver=_name)
    spec = APISpec(
        title="Movie Together",
        version=VERSION,
        openapi_version="3.1.0",
        plugins=[plugin],
        info={"description": _DESCRIPTION},
        servers=[{"url": path + PREFIX}],
        security=[{"session": []}, {"bearer": []}],
    )
    converter: Any = plugin.converter
    converter.add_attribute_function(bounds)
    spec.components.security_scheme("session", {"type": "apiKey", "in": "cookie", "name": "movie_together_session"})
    spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"})
    spec.components.security_scheme("guest", _GUEST_SCHEME)
    spec.components.security_scheme("program", _PROGRAM_SCHEME)
    for path, endpoints in groupby(sorted(ALL, key=lambda one: one.path), key=lambda one: one.path):
        spec.path(path, operations={one.method.lower(): _operation(one) for one in endpoints})
    return spec.to_dict()


async def _describe(request: web.Request) -> web.Response:
    return reply(request.app[SPEC], headers={"Cache-Control": "public, max-age=300"})


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    summary, _, rest = (endpoint.handler.__doc__ or "").partition("\n")
    operation: dict[str, Any] = {
        "operationId": endpoint.name,
        "tags": [endpoint.tag],
        "summary": summary.strip(),
        "parameters": _parameters(endpoint),
        "responses": _responses(endpoint),
    }
    if rest.strip():
        operation["description"] = " ".join(rest.split())
    if endpoint.body is not None:
        content: dict[str, Any] = {"schema": endpoint.body}
        if endpoint.name in REQUESTS:
            content["example"] = REQUESTS[endpoint.name]
        operation["requestBody"] = {"required": True, "content": {"application/json": content}}
    endpoint.describe(operation)
    return operation


def _parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"in": "path", "name": name, "required": True, "schema": dict(_PARAMETERS[name])}
        for name in re.findall(r"{(\w+)}", endpoint.path)
    ]
    if endpoint.query is not None:
        found.append({"in": "query", "schema": endpoint.query})
    if endpoint.takes_key:
        schema = {"type": "string", "minLength": 1, "maxLength": KEY_CHARACTERS, "pattern": KEY}
        found.append(_header("Idempotency-Key", "Of one's own choice, such as a UUID: repeats do nothing.", schema))
    if ROOM_CHANGED in endpoint.problems:
        told = "The `ETag` of the room as one knows it: if it was changed since, nothing is done."
        found.append(_header("If-Match", told, {"type": "string", "minLength": 1}))
    return found


def _header(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"in": "header", "name": name, "required": False, "schema": schema, "description": description}


def _responses(endpoint: Endpoint) -> dict[str, Any]:
    success: dict[str, Any] = {"description": endpoint.status.phrase}
    if endpoint.gives is not None:
        success["content"] = {"application/json": {"schema": endpoint.gives}}
    headers = {}
    if endpoint.name == "open_room":
        headers["Location"] = {"schema": {"type": "string"}, "required": True}
    if isinstance(endpoint.gives, RoomSchema):
        headers["ETag"] = {"schema": {"type": "string", "pattern": _ETAG}, "required": True}
    if headers:
        success["headers"] = headers
    reasons: dict[str, list[str]] = {}
    if endpoint.asks_who:
        reasons |= {"401": [_SIGNED_IN], "403": [endpoint.forbidden], "503": [_NO_PROVIDER]}
    if endpoint.method not in SAFE_METHODS:
        reasons.setdefault("403", []).append(_CROSS_SITE)
    for kind in (*endpoint.problems, *endpoint.refusals(), *_everywhere(endpoint)):
        line = f"- `{kind.code}`: {kind.detail}"
        if line not in reasons.setdefault(str(kind.status), []):
            reasons[str(kind.status)].append(line)
    refusals = {status: _refusal(status, "\n".join(lines)) for status, lines in reasons.items()}
    return {str(int(endpoint.status)): success, **dict(sorted(refusals.items()))}


def _everywhere(endpoint: Endpoint) -> Iterable[Kind]:
    yield from (DATABASE_UNAVAILABLE, DEADLINE_EXCEEDED)
    if endpoint.body is not None:
        yield from (INVALID_JSON, BODY_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE)
    if endpoint.body is not None or endpoint.query is not None:
        yield INVALID_FIELDS


def _refusal(status: str, description: str) -> dict[str, Any]:
    refusal = {"description": description, "content": {"application/problem+json": {"schema": ProblemSchema}}}
    return {**refusal, "headers": _RETRY_AFTER} if status in {"429", "503"} else refusal


def _name(schema: Any) -> str:
    """Return a schema's name in the document, the class's without its ending."""
    cls = schema if isinstance(schema, type) else type(schema)
    return cls.__name__.removesuffix("Schema")

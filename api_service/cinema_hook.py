"""Questions to the cinema: signed requests over HTTP to an address of its own.

They are signed as Standard Webhooks says (https://www.standardwebhooks.com), for which most languages have a library:
HMAC-SHA256 of id, time and body. docs/integrating.md has the cinema's side.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import time
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from aiohttp import ClientError, ClientSession, DummyCookieJar, TCPConnector, hdrs
from marshmallow import Schema, ValidationError, fields, validate
from uuid_utils import uuid7

from api_service.usecases.entitlement import Question

DEADLINE_S: Final = 1.0  # of everything: connecting, waiting, reading
ANSWER_BYTES: Final = 16 * 1024
UNEXPLAINED: Final = {
    "en": "The cinema does not let you watch this film.",
    "ru": "Кинотеатр не разрешает вам смотреть этот фильм.",
}


class Silent(Exception):
    """The cinema gave no answer within the deadline, or none that can be read."""


class ReasonField(fields.Field[dict[str, str]]):
    """Why the cinema refuses: a text, or texts by language."""

    _texts = fields.Dict(
        keys=fields.String(validate=validate.Length(2, 35)),
        values=fields.String(validate=validate.Length(1, 500)),
        validate=validate.Length(max=50),
    )

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> dict[str, str]:
        return dict(self._texts.deserialize({"en": value} if isinstance(value, str) else value, attr, data, **kwargs))


@dataclass(frozen=True)
class HookSettings:
    """Where the cinema answers, and the key of our requests."""

    url: str
    key: bytes = field(repr=False)


class CinemaHook:
    """Asks at one address, between ``start`` and ``close``; ``answer_schema`` is what can be read."""

    def __init__(self, settings: HookSettings, answer_schema: Schema) -> None:
        self._settings = settings
        self._answer_schema = answer_schema
        self._http: ClientSession | None = None

    async def start(self) -> None:
        """Open the HTTP session."""
        # No connection is reused: a POST is not repeated if the connection has died, and the cinema would seem silent.
        self._http = ClientSession(connector=TCPConnector(force_close=True), cookie_jar=DummyCookieJar())

    async def close(self) -> None:
        """Close the HTTP session."""
        if self._http is not None:
            await self._http.close()
            self._http = None

    async def ask(self, body: bytes) -> Any:
        """Return the cinema's answer to a body as the schema loads it; raises Silent."""
        try:
            return self._answer_schema.load(orjson.loads(await self._answer(body)))
        except orjson.JSONDecodeError as error:
            raise Silent("it answered no JSON") from error
        except ValidationError as error:
            raise Silent(f"it answered something else: {error}") from error

    async def _answer(self, body: bytes) -> bytes:
        if self._http is None:
            raise Silent("the hook is not started, or closed again")
        headers = {str(hdrs.CONTENT_TYPE): "application/json", str(hdrs.ACCEPT): "application/json"}
        headers |= signature(self._settings.key, body, now_s=int(time.time()))
        try:
            async with (
                asyncio.timeout(DEADLINE_S),
                # A redirect would carry the question to wherever it points.
                self._http.post(self._settings.url, data=body, headers=headers, allow_redirects=False) as response,
            ):
                if response.status != 200:
                    raise Silent(f"it answered {response.status}")
                answer = b""
                async for chunk in response.content.iter_any():
                    answer += chunk
                    if len(answer) > ANSWER_BYTES:
                        raise Silent(f"it answered more than {ANSWER_BYTES} bytes")
                return answer
        except TimeoutError:
            raise Silent(f"it did not answer within {DEADLINE_S:g} s") from None
        except (ClientError, OSError) as error:
            raise Silent(str(error) or type(error).__name__) from error


def body_of(question: Question) -> bytes:
    """Return the body that asks this question."""
    return orjson.dumps(
        {
            "person": {"issuer": question.issuer, "subject": question.subject, "locale": question.locale},
            "film": {"id": question.film_id, "external_id": question.external_id},
            "room": None if question.code is None else {"code": question.code},
        }
    )


def signature(key: bytes, body: bytes, *, now_s: int) -> dict[str, str]:
    """Return the headers that sign a body (Standard Webhooks, "Signature scheme", symmetric)."""
    id_ = f"msg_{uuid7().hex}"
    digest = hmac.digest(key, f"{id_}.{now_s}.".encode() + body, hashlib.sha256)
    return {
        "webhook-id": id_,
        "webhook-timestamp": str(now_s),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }

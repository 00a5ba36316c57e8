"""The cinema's own decision on who may watch what, asked over HTTP by a signed request when somebody joins a room.

The request is signed as Standard Webhooks says (https://www.standardwebhooks.com), for which most languages have a
library: HMAC-SHA256 of id, time and body. docs/integrating.md has the cinema's side.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import orjson
import structlog
from aiohttp import ClientError, ClientSession, DummyCookieJar, TCPConnector, hdrs
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate
from prometheus_client import Counter
from uuid_utils import uuid7

from api_service.problems import ENTITLEMENT_UNAVAILABLE, NOT_ENTITLED
from api_service.recent import Recent
from api_service.usecases.entitlement import Question
from api_service.usecases.languages import in_language

log = structlog.get_logger(__name__)

WhenSilent = Literal["refuse", "allow"]
WHEN_SILENT: Final[tuple[WhenSilent, ...]] = ("refuse", "allow")

DEADLINE_S: Final = 1.0  # of everything: connecting, waiting, reading
ANSWER_BYTES: Final = 16 * 1024
MAX_AGE_S: Final = 86_400
_UNEXPLAINED: Final = {
    "en": "The cinema does not let you watch this film.",
    "ru": "Кинотеатр не разрешает вам смотреть этот фильм.",
}

ANSWERS: Final = Counter("entitlement_answers_total", "What the cinema answered about who may watch.", ["outcome"])


@dataclass(frozen=True)
class EntitlementSettings:
    """Where the cinema answers, the key of our requests, and what counts while it does not answer."""

    url: str
    key: bytes = field(repr=False)
    when_silent: WhenSilent = "refuse"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The cinema's answer; ``reasons`` say in each language why not."""

    allowed: bool
    reasons: Mapping[str, str]
    max_age_s: int


class Silent(Exception):
    """The cinema gave no answer within the deadline, or none that can be read."""


class _ReasonField(fields.Field[dict[str, str]]):
    """A text, or texts by language."""

    _texts = fields.Dict(
        keys=fields.String(validate=validate.Length(2, 35)),
        values=fields.String(validate=validate.Length(1, 500)),
        validate=validate.Length(max=50),
    )

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> dict[str, str]:
        return dict(self._texts.deserialize({"en": value} if isinstance(value, str) else value, attr, data, **kwargs))


class AnswerSchema(Schema):
    """What the cinema answers: whether the person may watch, why not, and for how many seconds that holds."""

    class Meta:
        unknown = EXCLUDE

    allowed = fields.Boolean(required=True, truthy={True}, falsy={False})
    reason = _ReasonField(load_default=None, allow_none=True)
    max_age_s = fields.Integer(load_default=0, strict=True, validate=validate.Range(min=0))


_ANSWER: Final = AnswerSchema()


class EntitlementHook:
    """Asks the cinema, between ``start`` and ``close``, and remembers its answers for as long as they say."""

    def __init__(self, settings: EntitlementSettings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._http: ClientSession | None = None
        self._answers: Recent[Verdict] = Recent(clock)

    async def start(self) -> None:
        """Open the HTTP session."""
        # No connection is reused: a POST is not repeated if the connection has died, and the cinema would seem silent.
        self._http = ClientSession(connector=TCPConnector(force_close=True), cookie_jar=DummyCookieJar())

    async def close(self) -> None:
        """Close the HTTP session."""
        if self._http is not None:
            await self._http.close()
            self._http = None

    async def check(self, question: Question) -> None:
        """Return if the person may watch; raises the problems `not_entitled` and `entitlement_unavailable`.

        While the cinema is silent, `ENTITLEMENT_WHEN_SILENT` decides.
        """
        try:
            verdict = await self._verdict(question)
        except Silent as silence:
            ANSWERS.labels("silent").inc()
            decided = self._settings.when_silent
            log.warning("no answer from ENTITLEMENT_URL", reason=str(silence), decided=decided)
            if decided == "allow":
                return
            raise ENTITLEMENT_UNAVAILABLE.problem() from silence
        ANSWERS.labels("allowed" if verdict.allowed else "refused").inc()
        if not verdict.allowed:
            raise NOT_ENTITLED.problem(in_language(verdict.reasons or _UNEXPLAINED, question.locale))

    async def _verdict(self, question: Question) -> Verdict:
        body = body_of(question)
        known = self._answers.get(body.decode())
        if known is not None:
            return known
        asked_s = self._clock()
        verdict = _read(await self._ask(body))
        if verdict.max_age_s > 0:
            self._answers.put(body.decode(), verdict, asked_s + min(verdict.max_age_s, MAX_AGE_S))
        return verdict

    async def _ask(self, body: bytes) -> bytes:
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
            "room": {"code": question.code},
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


def _read(answer: bytes) -> Verdict:
    try:
        found = _ANSWER.load(orjson.loads(answer))
    except orjson.JSONDecodeError as error:
        raise Silent("it answered no JSON") from error
    except ValidationError as error:
        raise Silent(f"it answered something else than a decision: {error}") from error
    return Verdict(found["allowed"], found["reason"] or {}, found["max_age_s"])

"""The cinema's own decision on who may watch what, asked when somebody joins a room, and believed for a while."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

import structlog
from marshmallow import EXCLUDE, Schema, fields, validate
from prometheus_client import Counter

from api_service.cinema_hook import UNEXPLAINED, CinemaHook, HookSettings, ReasonField, Silent, body_of
from api_service.problems import ENTITLEMENT_UNAVAILABLE, NOT_ENTITLED
from api_service.recent import Recent
from api_service.usecases.entitlement import Question
from api_service.usecases.languages import in_language

log = structlog.get_logger(__name__)

WhenSilent = Literal["refuse", "allow"]
WHEN_SILENT: Final[tuple[WhenSilent, ...]] = ("refuse", "allow")

MAX_AGE_S: Final = 86_400

ANSWERS: Final = Counter("entitlement_answers_total", "What the cinema answered about who may watch.", ["outcome"])


@dataclass(frozen=True)
class EntitlementSettings(HookSettings):
    """What counts while the cinema does not answer, beside where it does."""

    when_silent: WhenSilent = "refuse"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The cinema's answer; ``reasons`` say in each language why not."""

    allowed: bool
    reasons: Mapping[str, str]
    max_age_s: int


class AnswerSchema(Schema):
    """What the cinema answers: whether the person may watch, why not, and for how many seconds that holds."""

    class Meta:
        unknown = EXCLUDE

    allowed = fields.Boolean(required=True, truthy={True}, falsy={False})
    reason = ReasonField(load_default=None, allow_none=True)
    max_age_s = fields.Integer(load_default=0, strict=True, validate=validate.Range(min=0))


class EntitlementHook:
    """Asks the cinema, between ``start`` and ``close``, and remembers its answers for as long as they say."""

    def __init__(self, settings: EntitlementSettings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._when_silent = settings.when_silent
        self._clock = clock
        self._hook = CinemaHook(settings, AnswerSchema())
        self._answers: Recent[Verdict] = Recent(clock)

    async def start(self) -> None:
        """Open the HTTP session."""
        await self._hook.start()

    async def close(self) -> None:
        """Close the HTTP session."""
        await self._hook.close()

    async def check(self, question: Question) -> None:
        """Return if the person may watch; raises the problems `not_entitled` and `entitlement_unavailable`.

        While the cinema is silent, `ENTITLEMENT_WHEN_SILENT` decides.
        """
        try:
            verdict = await self._verdict(question)
        except Silent as silence:
            ANSWERS.labels("silent").inc()
            log.warning("no answer from ENTITLEMENT_URL", reason=str(silence), decided=self._when_silent)
            if self._when_silent == "allow":
                return
            raise ENTITLEMENT_UNAVAILABLE.problem() from silence
        ANSWERS.labels("allowed" if verdict.allowed else "refused").inc()
        if not verdict.allowed:
            raise NOT_ENTITLED.problem(in_language(verdict.reasons or UNEXPLAINED, question.locale))

    async def _verdict(self, question: Question) -> Verdict:
        body = body_of(question)
        known = self._answers.get(body.decode())
        if known is not None:
            return known
        asked_s = self._clock()
        answer = await self._hook.ask(body)
        verdict = Verdict(answer["allowed"], answer["reason"] or {}, answer["max_age_s"])
        if verdict.max_age_s > 0:
            self._answers.put(body.decode(), verdict, asked_s + min(verdict.max_age_s, MAX_AGE_S))
        return verdict

"""The cinema's own addresses of a film, one for each viewer and visit: asked anew each time, never remembered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import structlog
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate, validates_schema
from prometheus_client import Counter

from api_service.cinema_hook import UNEXPLAINED, CinemaHook, HookSettings, ReasonField, Silent, body_of
from api_service.problems import NOT_ENTITLED, SOURCE_UNAVAILABLE
from api_service.usecases.entitlement import Question
from api_service.usecases.languages import in_language
from api_service.usecases.sources import Source

log = structlog.get_logger(__name__)

URL_CHARACTERS: Final = 8_000  # signed addresses are long

ANSWERS: Final = Counter("film_source_answers_total", "What the cinema answered for a film's address.", ["outcome"])


class SourceAnswerSchema(Schema):
    """What the cinema answers: an address, its media type and when it expires; or that the person may not watch."""

    class Meta:
        unknown = EXCLUDE

    url = fields.Url(
        require_tld=False, schemes={"http", "https"}, load_default=None, validate=validate.Length(max=URL_CHARACTERS)
    )
    type = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 100))
    expires = fields.AwareDateTime(format="iso", load_default=None, allow_none=True)
    allowed = fields.Boolean(load_default=True, truthy={True}, falsy={False})
    reason = ReasonField(load_default=None, allow_none=True)

    @validates_schema(skip_on_field_errors=True)
    def _says_something(self, data: Mapping[str, Any], **_: Any) -> None:
        if data["allowed"] and data["url"] is None:
            raise ValidationError("Missing data for required field.", "url")
        if data["expires"] is not None and data["expires"] <= datetime.now(UTC):
            raise ValidationError("Must lie in the future.", "expires")


class SourceHook:
    """Asks the cinema for addresses, between ``start`` and ``close``."""

    def __init__(self, settings: HookSettings) -> None:
        self._hook = CinemaHook(settings, SourceAnswerSchema())

    async def start(self) -> None:
        """Open the HTTP session."""
        await self._hook.start()

    async def close(self) -> None:
        """Close the HTTP session."""
        await self._hook.close()

    async def source(self, question: Question) -> Source:
        """Return where the person plays the film; raises the problems `not_entitled` and `source_unavailable`."""
        try:
            answer = await self._hook.ask(body_of(question))
        except Silent as silence:
            ANSWERS.labels("silent").inc()
            log.warning("no answer from SOURCE_URL", reason=str(silence))
            raise SOURCE_UNAVAILABLE.problem() from silence
        ANSWERS.labels("allowed" if answer["allowed"] else "refused").inc()
        if not answer["allowed"]:
            raise NOT_ENTITLED.problem(in_language(answer["reason"] or UNEXPLAINED, question.locale))
        return Source(answer["url"], answer["type"], answer["expires"])

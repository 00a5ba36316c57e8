"""A program of the cinema's as the tests drive it: it has a token and feeds rows, with a real key set behind it."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any, Final

import orjson
from aiohttp import ClientSession

from api_service.policy import Policy
from api_service.usecases.people import User
from deploy.local.free_ports import free_port
from tests.support.api_fixtures import Answer, Cinema, RunningSite, check_answer, running_site, settings_for
from tests.support.identity_adversary import Adversary

NDJSON: Final = "application/x-ndjson"
EPOCH: Final = datetime(2026, 1, 1, tzinfo=UTC)


def at(version: int) -> str:
    """Return a moment in the past; a higher version is a later moment."""
    return (EPOCH + timedelta(minutes=version)).isoformat()


def film_row(external_id: str, version: int = 1, **changes: Any) -> dict[str, Any]:
    """Return a film as the cinema's catalogue would send it."""
    row = {"external_id": external_id, "updated_at": at(version), "titles": {"en": external_id.title()}}
    return {**row, **changes}


def person_row(subject: str, version: int = 1, **changes: Any) -> dict[str, Any]:
    return {"subject": subject, "updated_at": at(version), "name": subject.title(), **changes}


def friendship_row(subject: str, friend: str, version: int = 1, **changes: Any) -> dict[str, Any]:
    return {"subject": subject, "friend": friend, "updated_at": at(version), **changes}


def wish_row(subject: str, film: str, version: int = 1, **changes: Any) -> dict[str, Any]:
    return {"subject": subject, "film": film, "updated_at": at(version), **changes}


@dataclass
class FeedingProgram:
    """A program with a token, and the site that it feeds."""

    site: RunningSite
    issuer: Adversary
    http: ClientSession
    claims: dict[str, Any]

    @property
    def cinema(self) -> Cinema:
        return self.site.cinema

    def token(self, **changes: Any) -> str:
        claims = self.issuer.access_claims(**{"sub": "cinema", "client_id": "cinema", **self.claims, **changes})
        return self.issuer.sign(claims, typ="at+jwt")

    def acting_with(self, **claims: Any) -> "FeedingProgram":
        """Return the same program with other claims in its token."""
        return replace(self, claims={**self.claims, **claims})

    async def send(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **options: Any) -> Answer:
        """Call an endpoint of /api/v1 with the token, and hold the answer against the document."""
        sent = {"Authorization": f"Bearer {self.token()}", **(headers or {})}
        async with self.http.request(method, f"{self.site.url}/api/v1{path}", headers=sent, **options) as response:
            raw = await response.read()
            if response.content_type == NDJSON:
                lines = [orjson.loads(line) for line in raw.splitlines()]
                for line in lines:
                    check_answer(method, path, response.status, NDJSON, line)
                return Answer(response.status, response.headers, lines)
            body = orjson.loads(raw) if raw else None
            check_answer(method, path, response.status, response.content_type, body)
            return Answer(response.status, response.headers, body)

    async def post(self, kind: str, rows: Iterable[Any], *, run: str | None = None) -> Answer:
        """Feed rows; those that are bytes go as they are."""
        lines = (row if isinstance(row, bytes) else orjson.dumps(row) for row in rows)
        headers = {"Content-Type": NDJSON, **({"Feed-Run": run} if run else {})}
        query = {"complete": "true"} if run else {}
        return await self.send("POST", f"/feed/{kind}", params=query, data=BytesIO(b"\n".join(lines)), headers=headers)

    async def feed(self, kind: str, *rows: Any, run: str | None = None) -> list[str]:
        """Feed rows and return the result of each."""
        answer = await self.post(kind, rows, run=run)
        assert answer.status == 200, answer.body
        return [line["result"] for line in answer.body]

    async def known(self, subject: str) -> User:
        """Return the account of a fed person."""
        person = (await self.send("GET", f"/people/by-subject/{subject}")).body
        await self.cinema.sign_in(person["id"])
        return User(person["id"], person["name"], person["email"], person["locale"])


@asynccontextmanager
async def feeding(database_url: str, *, policy: Policy | None = None, **changes: Any) -> AsyncIterator[FeedingProgram]:
    """Serve a site whose tokens come from a key set of the tests', and a program with the scope `feed`."""
    async with Adversary().running() as issuer:
        settings = settings_for(database_url, port=free_port())
        settings = replace(settings, site=replace(settings.site, policy=policy or settings.site.policy))
        identity = replace(settings.identity, issuer=issuer.issuer, backchannel_url=issuer.issuer, **changes)
        async with running_site(replace(settings, identity=identity)) as site:
            yield FeedingProgram(site, issuer, site.http, {"scope": "feed"})

"""The middlewares of the whole site, in their order: what each does reaches the answers of those outside it."""

import pytest

from api_service.identity.cookies import _name
from tests.support.api_fixtures import RunningSite, session_cookie


async def test_a_sign_in_that_failed_is_used_up_though_the_answer_is_an_error(site: RunningSite) -> None:
    cookie = _name("forged")

    answer = await site.viewer().raw(
        "GET", "/auth/callback?state=forged&code=x", headers={"Cookie": f"{cookie}=sealed by somebody else"}
    )

    assert answer.status == 400
    assert answer.headers["Set-Cookie"].startswith(f'{cookie}="";')
    assert "Max-Age=0" in answer.headers["Set-Cookie"]


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [("application/json", "application/problem+json; charset=utf-8"), ("text/html", "text/html; charset=utf-8")],
)
async def test_a_change_from_another_site_is_refused_to_programs_and_people_each_in_their_shape(
    site: RunningSite, accept: str, content_type: str
) -> None:
    anna = await site.cinema.person("Anna")
    headers = {"Origin": "https://evil.example", "Cookie": session_cookie(anna.id), "Accept": accept}

    answer = await site.viewer().raw("POST", "/rooms", headers=headers)

    assert (answer.status, answer.headers["Content-Type"]) == (403, content_type)


async def test_a_refusal_is_counted_by_the_status_that_was_sent(site: RunningSite) -> None:
    counted = 'http_requests_total{method="GET",route="/api/v1/films/{film_id}",status="404"}'

    async def count() -> float:
        body = (await site.viewer().raw("GET", "/metrics")).body.decode()
        return sum(float(line.rpartition(" ")[2]) for line in body.splitlines() if line.startswith(counted))

    before = await count()
    anna = site.viewer(await site.cinema.person("Anna"))
    assert (await anna.get("/films/none")).status == 404

    assert await count() == before + 1

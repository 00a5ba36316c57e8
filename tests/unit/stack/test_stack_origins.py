"""`make run` lets pages of ALLOWED_ORIGINS in beside its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.local.keys import Keys
from deploy.local.services import StoreUrls, addresses, services

STORES = StoreUrls("postgresql://localhost/x", "redis://localhost", "amqp://localhost")


@pytest.mark.parametrize(
    ("environ", "origins"),
    [
        ({}, "http://localhost:8080"),
        ({"API_PORT": "9000"}, "http://localhost:9000"),
        ({"ALLOWED_ORIGINS": "https://cinema.test"}, "http://localhost:8080,https://cinema.test"),
        (
            {"ALLOWED_ORIGINS": "https://cinema.test, http://localhost:8080"},
            "http://localhost:8080,https://cinema.test",
        ),
        ({"PUBLIC_URL": "https://a.test/kino", "ALLOWED_ORIGINS": "https://b.test"}, "https://a.test,https://b.test"),
    ],
)
def test_both_services_get_the_sites_own_origin_and_those_of_the_environment(
    environ: dict[str, str], origins: str, tmp_path: Path
) -> None:
    described = {one.name: one.env for one in services(environ, tmp_path, Keys.make(), STORES)}

    assert described["api_service"]["ALLOWED_ORIGINS"] == origins
    assert described["sync_service"]["ALLOWED_ORIGINS"] == origins
    # The environment of the run stands above a service's own settings: it must be the whole list there, too.
    assert addresses({**environ, "ALLOWED_ORIGINS": addresses(environ).origins}).origins == origins

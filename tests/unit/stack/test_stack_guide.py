"""What docs/integrating.md sets for `make run` is what the services and the notifier then use."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest

from api_service.settings import Settings
from api_service.settings import settings as api_settings
from deploy.local.keys import Keys
from deploy.local.services import ROOT, StoreUrls, services
from deploy.neighbours.notifier.settings import Settings as NotifierSettings
from deploy.neighbours.notifier.settings import read_settings as notifier_settings
from shared.settings import read

STORES = StoreUrls("postgresql://localhost/x", "redis://localhost", "amqp://localhost")
GUIDE = (ROOT / "docs" / "integrating.md").read_text("utf-8")
RUNS = re.findall(r"^make run (.+)$", GUIDE, re.MULTILINE)


class LocalRun:
    """The settings of a local run to which these variables were given."""

    def __init__(self, given: dict[str, str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.described = {one.name: one.env for one in services(given, folder, Keys.make(), STORES)}
        self._given = given
        self._patch = monkeypatch

    def _be(self, service: str) -> None:
        for name in os.environ:
            self._patch.delenv(name)
        # The environment of the run stands above a service's own settings.
        for name, value in {**self.described[service], **self._given}.items():
            self._patch.setenv(name, value)

    def api(self) -> Settings:
        self._be("api_service")
        return read(api_settings)

    def notifier(self) -> NotifierSettings:
        self._be("notifier")
        return notifier_settings()


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalRun:
    """A run with all that the guide sets, one step after the other."""
    given = dict(word.partition("=")[::2] for line in RUNS for word in shlex.split(line))
    return LocalRun(given, tmp_path, monkeypatch)


def test_the_guide_leads_to_accounts_mails_and_pages_of_one_s_own() -> None:
    assert [line.partition("=")[0] for line in RUNS] == ["OIDC_ISSUER", "SMTP_URL", "ALLOWED_ORIGINS"]


def test_with_accounts_of_its_own_the_cinema_meets_no_provider_of_ours(run: LocalRun) -> None:
    identity = run.api().identity

    assert "identity" not in run.described
    assert (identity.issuer, identity.backchannel_url) == ("https://accounts.cinema.example",) * 2
    assert (identity.client_id, identity.client_secret) == ("movie-together", "of-that-client")


def test_with_a_mail_server_of_its_own_the_cinema_s_mails_go_there(run: LocalRun) -> None:
    notifier = run.notifier()

    assert "inbox" not in run.described
    assert (notifier.smtp.host, notifier.smtp.port, notifier.smtp.starttls) == ("mail.cinema.example", 587, True)
    assert (notifier.smtp.username, notifier.mail_from.addr_spec) == ("user", "together@cinema.example")


def test_links_lead_to_the_cinema_s_own_pages_which_may_use_the_api(run: LocalRun) -> None:
    settings = run.api()

    assert "https://cinema.example" in settings.allowed_origins
    assert settings.site.room_link("CODE", "film") == "https://cinema.example/watch/film?together=CODE"

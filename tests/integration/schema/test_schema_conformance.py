"""The API against its own OpenAPI document, by generated requests (schemathesis): a real process, real stores."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from api_service.api.endpoints import PREFIX
from api_service.api.openapi import ALL, PATH, document
from api_service.api.programs import ProgramEndpoint
from api_service.database import Database
from deploy.local.free_ports import free_port
from deploy.local.program import plain_environment
from tests.support.api_fixtures import PATIENCE_S, Cinema
from tests.support.commands import environment
from tests.support.identity_adversary import Adversary
from tests.support.processes import ROOT, RunProcess

HERE: Final = Path(__file__).parent
# Whoever makes thousands of requests is not to meet what protects people from each other.
UNLIMITED: Final = dict.fromkeys(
    ("MAILS_PER_DAY", "MAILS_PER_PERSON", "MAILS_PER_ROOM", "ROOMS_PER_HOUR", "SEARCHES_PER_HOUR", "GUESTS_PER_HOUR"),
    "1000000",
)
# Which phases, and how many examples of each operation. Coverage alone takes every bound of every parameter in turn.
AT_LENGTH: Final = (("examples", "coverage", "fuzzing", "stateful"), 40)
IN_SHORT: Final = (("examples", "fuzzing", "stateful"), 4)
CASES_AT_LENGTH: Final = 2_000
CASES_IN_SHORT: Final = 150


@dataclass(frozen=True)
class Site:
    """A running api_service, and tokens of a person and a program that it takes."""

    url: str
    tokens: dict[str, str]


@pytest.fixture
async def site(database_url: str, amqp_url: str, run_process: RunProcess) -> AsyncIterator[Site]:
    url = f"http://127.0.0.1:{(port := free_port())}"
    async with Adversary().running() as issuer:
        env = environment(
            database_url, amqp_url, OIDC_ISSUER=issuer.issuer, API_PORT=str(port), PUBLIC_URL=url, **UNLIMITED
        )
        db = Database(database_url, acquire_deadline_s=PATIENCE_S)
        await db.start()
        await Cinema(db).film()
        await db.close()
        await asyncio.to_thread(run_process, ["python", "-m", "api_service"], env, f"{url}/readyz")
        until = {"exp": int(time.time()) + 7_200}
        person = issuer.access_claims(sub="anna", client_id="web", email="anna@example.com", **until)
        program = issuer.access_claims(sub="cinema", client_id="cinema", scope="feed admin", **until)
        tokens = {"PERSON_TOKEN": person, "PROGRAM_TOKEN": program}
        yield Site(url, {name: issuer.sign(claims, typ="at+jwt") for name, claims in tokens.items()})


@dataclass(frozen=True)
class Report:
    """What a run of schemathesis did: its exit code and output, the answers by phase, and the operations asked."""

    code: int
    output: str
    answers: Counter[str]
    operations: frozenset[str]


async def run_schemathesis(site: Site, where: str, *options: str) -> tuple[int, str]:
    """Run it against the site as the document there (an address or a file) describes it; return its code and output."""
    process = await asyncio.create_subprocess_exec(
        *(str(Path(sys.executable).parent / "schemathesis"), "--config-file", str(HERE / "schemathesis.toml")),
        *("run", where, *options),
        cwd=ROOT,
        env=plain_environment(**site.tokens),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output = (await process.communicate())[0].decode()
    return process.returncode or 0, output


async def ask(site: Site, config: pytest.Config, file: Path, *, programs: bool) -> Report:
    """Test the operations for programs, or those for people, each with its own token."""
    names = "|".join(one.name for one in ALL if isinstance(one, ProgramEndpoint))
    chosen = ["--include-operation-id-regex" if programs else "--exclude-operation-id-regex", f"^({names})$"]
    if programs:
        chosen += ["--header", f"Authorization: Bearer {site.tokens['PROGRAM_TOKEN']}"]
    phases, examples = AT_LENGTH if config.getoption("schema_at_length") else IN_SHORT
    code, output = await run_schemathesis(
        site,
        f"{site.url}{PATH}",
        *chosen,
        *("--phases", ",".join(phases), "--max-examples", str(examples)),
        *("--seed", str(config.getoption("schema_seed"))),
        *("--report", "ndjson", "--report-ndjson-path", str(file)),
    )
    return read(file, code, output)


def read(file: Path, code: int, output: str) -> Report:
    """Return what a run has written to its file."""
    answers: Counter[str] = Counter()
    operations: set[str] = set()
    for line in file.read_text("utf-8").splitlines() if file.exists() else ():
        ((kind, event),) = json.loads(line).items()
        if kind == "ScenarioFinished":
            answers[event["phase"]] += len(event["recorder"].get("interactions", ()))
            operations.add(event["recorder"]["label"])
    return Report(code, output, answers, frozenset(operations))


@pytest.mark.timeout(1_500)
async def test_the_api_keeps_to_its_document(site: Site, pytestconfig: pytest.Config, tmp_path: Path) -> None:
    of_people, of_programs = await asyncio.gather(
        *(ask(site, pytestconfig, tmp_path / f"{programs}.ndjson", programs=programs) for programs in (False, True))
    )

    assert of_people.code == 0, of_people.output
    assert of_programs.code == 0, of_programs.output
    asked = of_people.operations | of_programs.operations
    assert {f"{one.method} {one.path}" for one in ALL} <= asked
    answers = of_people.answers + of_programs.answers
    at_length = pytestconfig.getoption("schema_at_length")
    assert set((AT_LENGTH if at_length else IN_SHORT)[0]) - {"examples"} <= answers.keys()
    assert answers.total() >= (CASES_AT_LENGTH if at_length else CASES_IN_SHORT), answers
    print(f"{answers.total()} requests answered as the document says: {dict(answers)}")


async def test_a_document_that_promises_something_else_is_found_out(site: Site, tmp_path: Path) -> None:
    wrong = document()
    wrong["components"]["schemas"]["Me"]["properties"]["locale"]["enum"] = ["tlh"]
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps(wrong))

    chosen = ("--include-operation-id", "read_me", "--phases", "fuzzing", "--max-examples", "1")
    code, output = await run_schemathesis(site, str(file), "--url", f"{site.url}{PREFIX}", *chosen)

    assert code == 1, output
    assert "tlh" in output

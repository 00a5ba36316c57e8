"""Who may import whom: the rules of `.importlinter` bite, and the room's rules stay pure."""

import ast
import configparser
import os
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[3]

# What a pure module may need. None of these reads a clock, a socket or a store.
PURE = {"__future__", "abc", "collections", "dataclasses", "enum", "functools", "hashlib", "itertools", "json", "math"}
PURE |= {"operator", "re", "types", "typing"}

# One line that breaks each contract, and where it is written.
VIOLATIONS = {
    "services-apart": ("sync_service/live/hub.py", "import api_service.tables"),
    "shared-below": ("shared/events/rooms.py", "import sync_service.metrics"),
    "services-alone": ("api_service/usecases/rooms.py", "import deploy.local"),
    "migrations-tables": ("migrations/env.py", "import api_service.app_keys"),
    "neighbours-alone": ("deploy/neighbours/notifier.py", "import shared.events"),
    "no-redis-in-api": ("api_service/usecases/films.py", "import redis"),
    "no-postgres-in-sync": ("sync_service/store/room_store.py", "import psycopg2"),
    "one-driver": ("api_service/usecases/people.py", "import aiopg"),
    "settings-read-once": ("api_service/usecases/friends.py", "import shared.settings"),
    "api-layers": ("api_service/usecases/bans.py", "import api_service.identity"),
    "sync-layers": ("sync_service/redis_client/wire.py", "import sync_service.delivery.frames"),
    "room-pure": ("sync_service/room/people.py", "import time"),
}

# What the rules themselves name.
LAWFUL = {
    **{f"api_service/{name}/__init__.py": "import typing" for name in ("api", "pages", "broker", "usecases")},
    **{
        f"api_service/{name}.py": "import typing"
        for name in (
            "cors",
            "housekeeping",
            "middlewares",
            "static_files",
            "posters",
            "client_address",
            "captions",
            "field_errors",
            "heartbeat",
            "language",
            "mail_links",
            "problems",
            "recent",
            "entitlement",
            "cinema_hook",
            "content_policy",
            "source_hook",
            "site",
        )
    },
    "api_service/database.py": "import aiopg, psycopg2",
    "migrations/versions.py": "import api_service.tables",
    **dict.fromkeys(
        (
            "api_service/seed.py",
            "api_service/__main__.py",
            "sync_service/__main__.py",
            "api_service/tables/__init__.py",
            "api_service/app_keys.py",
            "sync_service/metrics.py",
            "shared/settings.py",
        ),
        "import typing",
    ),
    **dict.fromkeys(("deploy/local.py", "deploy/demo.py"), "import typing"),
    **dict.fromkeys(
        (
            "sync_service/sockets/server.py",
            "sync_service/broker/room_events.py",
            "sync_service/live/turn.py",
            "sync_service/store/records.py",
            "sync_service/protocol/messages.py",
            "sync_service/delivery/frames.py",
            "sync_service/redis_client/wire.py",
            "sync_service/room/people.py",
        ),
        "import typing",
    ),
    **dict.fromkeys(
        (
            "shared/service.py",
            "api_service/settings.py",
            "api_service/identity/settings.py",
            "api_service/policy.py",
            "api_service/app.py",
            "api_service/cli/resources.py",
            "api_service/cli/seeding.py",
            "shared/command_line.py",
            "sync_service/settings.py",
            "sync_service/app.py",
            "sync_service/cli/resources.py",
        ),
        "import shared.settings",
    ),
}


def write_packages(folder: Path, files: dict[str, str]) -> None:
    for name, line in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        for parent in [file.parent, *file.parent.parents]:
            if parent == folder:
                break
            (parent / "__init__.py").touch()
        with file.open("a") as output:
            output.write(line + "\n")


def broken_contracts(folder: Path) -> set[str]:
    """Return the keys of the contracts that the packages in `folder` break."""
    rules = configparser.ConfigParser()
    rules.read(ROOT / ".importlinter")
    names = {
        section.rpartition(":")[2]: rules[section]["name"]
        for section in rules.sections()
        if section.startswith("importlinter:contract:")
    }
    command = [str(Path(sys.executable).parent / "lint-imports"), "--config", str(ROOT / ".importlinter"), "--no-cache"]
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(folder), "COLUMNS": "200"}
    report = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False).stdout
    assert "Contracts:" in report, report
    return {key for key, name in names.items() if f"{name} BROKEN" in report}


def test_packages_that_keep_the_rules_break_none(tmp_path: Path) -> None:
    write_packages(tmp_path, {**LAWFUL, "deploy/neighbours/notifier.py": "import typing"})

    assert broken_contracts(tmp_path) == set()


def test_each_rule_notices_an_import_that_breaks_it(tmp_path: Path) -> None:
    write_packages(tmp_path, LAWFUL)
    write_packages(tmp_path, dict(VIOLATIONS.values()))

    assert broken_contracts(tmp_path) == set(VIOLATIONS)


def test_every_rule_has_an_example_that_breaks_it() -> None:
    rules = configparser.ConfigParser()
    rules.read(ROOT / ".importlinter")
    keys = {section.rpartition(":")[2] for section in rules.sections() if section.startswith("importlinter:contract:")}

    assert keys == set(VIOLATIONS)


def impure_imports(package: str, folder: str) -> set[str]:
    """Return what the modules of `folder`, and those of the package that they lead to, import beside PURE."""
    graph = grimp.build_graph(package, include_external_packages=True, cache_dir=None)
    assert graph.find_descendants(folder)
    reached = graph.find_upstream_modules(folder, as_package=True)
    return {name for name in reached if name != package and not name.startswith(f"{package}.")} - PURE


def test_the_rooms_rules_read_no_clock_no_socket_and_no_store() -> None:
    assert impure_imports("sync_service", "sync_service.room") == set()


@pytest.mark.parametrize("line", ["import time", "import asyncio", "import redis"])
def test_an_impure_import_is_noticed_even_behind_another_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    write_packages(
        tmp_path,
        {"rules_under_test/room/decide.py": "import rules_under_test.state", "rules_under_test/state.py": line},
    )
    monkeypatch.syspath_prepend(tmp_path)

    assert impure_imports("rules_under_test", "rules_under_test.room") == {line.rpartition(" ")[2]}


def environment_readers(*folders: Path) -> set[str]:
    """Return the modules that read the process's environment themselves (`os.environ`, `os.getenv`)."""
    readers = set()
    for file in (file for folder in folders for file in folder.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if (isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}) or (
                isinstance(node, ast.ImportFrom) and node.module == "os"
            ):
                readers.add(file.stem)
    return readers


def test_services_read_their_environment_through_settings_only() -> None:
    assert environment_readers(*(ROOT / name for name in ("api_service", "sync_service", "shared"))) == set()


@pytest.mark.parametrize("line", ["import os; os.environ['X']", "import os; os.getenv('X')", "from os import environ"])
def test_a_module_that_reads_the_environment_is_noticed(tmp_path: Path, line: str) -> None:
    write_packages(tmp_path, {"rules_under_test/reader.py": line})

    assert environment_readers(tmp_path) == {"reader"}

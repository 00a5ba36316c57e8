"""`make setup`: what it refuses, what it tells, what it leaves as it was."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local import bootstrap
from deploy.local.bootstrap import CannotSetUp

ROOT = Path(__file__).parents[3]


def test_setup_needs_nothing_but_the_standard_library() -> None:
    isolated = subprocess.run(
        [sys.executable, "-S", "-I", str(ROOT / "deploy" / "local" / "bootstrap.py"), "--help"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert isolated.returncode == 0, isolated.stderr


def test_an_old_python_is_told_so_with_the_way_to_name_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "OLDEST_PYTHON", (99, 1))

    with pytest.raises(CannotSetUp, match=r"Python 99\.1 or newer is needed.*make PYTHON=/path/to/python99\.1"):
        bootstrap.require_python()


def test_an_environment_of_another_python_is_not_taken_for_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    python = Path(sys.prefix, "bin", "python")
    assert bootstrap._works(python)

    monkeypatch.setattr(sys, "base_prefix", "/opt/python")

    assert not bootstrap._works(python)


def test_an_environment_that_is_only_linked_to_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    others = tmp_path / "others"
    others.mkdir()
    (others / "theirs").touch()
    (tmp_path / ".venv").symlink_to(others)
    monkeypatch.setattr(bootstrap, "VENV", tmp_path / ".venv")

    with pytest.raises(CannotSetUp, match=r"leads to .*others"):
        bootstrap.install_python_packages()

    assert (others / "theirs").exists()


def test_who_may_not_install_packages_is_told_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "_root_prefix", lambda: None)

    with pytest.raises(CannotSetUp) as told:
        bootstrap.install_debian_packages(["redis-server", "postgresql"])

    assert "lacks redis-server, postgresql" in str(told.value)
    assert "apt-get install --yes --no-install-recommends redis-server postgresql" in str(told.value)


def test_a_machine_without_apt_is_told_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    with pytest.raises(CannotSetUp, match="lacks redis-server"):
        bootstrap.install_debian_packages(["redis-server"])


def test_the_unit_tests_need_no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    needed = set(bootstrap.missing_packages(tests=False, servers=False))

    assert needed & {"postgresql", "redis-server", "rabbitmq-server", "chromium", "firefox-esr"} == set()
    assert "redis-server" in bootstrap.missing_packages(tests=False)


@pytest.mark.parametrize("before", [None, "#!/bin/sh\nexit 104\n"])
def test_debians_services_are_held_back_only_while_packages_are_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str | None
) -> None:
    policy = tmp_path / "policy-rc.d"
    if before is not None:
        policy.write_text(before)
    monkeypatch.setattr(bootstrap._ServicesHeldBack, "POLICY", str(policy))

    held: list[str] = []

    def install() -> None:
        with bootstrap._ServicesHeldBack([]):
            held.append(policy.read_text())
            raise CannotSetUp("the archive is away")

    with pytest.raises(CannotSetUp):
        install()
    assert held == [before or "#!/bin/sh\nexit 101\n"]
    assert (policy.read_text() if policy.exists() else None) == before


def test_a_failing_command_is_told_with_its_last_words() -> None:
    with pytest.raises(CannotSetUp, match=r"ended with code 7:\nno such package"):
        bootstrap._run(["sh", "-c", "echo no such package; exit 7"])


def test_a_catalogue_is_compiled_again_once_it_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue = tmp_path / "api_service" / "locales" / "ru" / "LC_MESSAGES" / "messages.po"
    catalogue.parent.mkdir(parents=True)
    catalogue.write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "Film"\nmsgstr "Фильм"\n'
    )
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)

    bootstrap.compile_translations()
    compiled = catalogue.with_suffix(".mo")
    assert "Фильм".encode() in compiled.read_bytes()

    os.utime(compiled, (1, 1))  # long ago
    catalogue.write_text(catalogue.read_text().replace("Фильм", "Кино"))
    bootstrap.compile_translations()
    assert "Кино".encode() in compiled.read_bytes()


def test_the_fan_out_is_compiled_again_once_it_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "sync_service" / "delivery" / "fan_out.c"
    source.parent.mkdir(parents=True)
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    library = tmp_path / "build" / "fan_out.so"
    made: list[tuple[str, int]] = []
    for symbol in ("first", "second"):
        source.write_text(f"int {symbol}(void);\nint {symbol}(void) {{ return 1; }}\n")
        for _ in range(2):
            bootstrap.compile_fan_out()
            made.append((symbol, library.stat().st_ino))
            assert symbol.encode() in library.read_bytes()
        os.utime(library, (1, 1))  # long ago

    # Compiled once each, and into a file of its own: a service that runs keeps the one that it has loaded.
    assert len(set(made)) == 2
    assert made[0][1] != made[2][1]
    assert [file.name for file in library.parent.iterdir()] == ["fan_out.so"]


def bare_imports(text: str) -> set[str]:
    """Return the modules that a browser could not find by itself: named neither by a path nor by an address."""
    statement = re.compile(r"""(?:^|[;}\s])(?:import|export)\s*(?:[\w*{}\s,$]+?\bfrom\s*)?["']([^"'\n]+)["']""")
    return {name for name in statement.findall(text) if not name.startswith((".", "/"))}


def test_the_browsers_files_import_only_their_neighbours() -> None:
    files = [file for file in bootstrap.ASSETS.rglob("*") if file.is_file() and file.suffix in {".js", ".mjs"}]

    assert {file.relative_to(bootstrap.ASSETS).parts[0] for file in files} == {
        "media-chrome",
        "hls.js",
        "pages",
        "shaka-player",
        "widget",
    }
    assert {str(file): found for file in files if (found := bare_imports(file.read_text("utf-8")))} == {}


@pytest.mark.parametrize("line", ['import{a as b}from"react";', "import 'tslib'", 'export * from "ce-la-react"'])
def test_an_import_that_a_browser_cannot_follow_is_noticed(line: str) -> None:
    assert bare_imports(f'import {{ c }} from "./neighbour.js";\n{line}')

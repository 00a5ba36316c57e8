"""What `make setup` and `make package` make of the player widget: bundles for the site, and an npm package."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from deploy.local import bootstrap

ROOT = Path(__file__).parents[3]
BUILT = bootstrap.ASSETS / "widget" / "v1"
MOST_BYTES = 60 * 1024
ENVIRONMENT = {**os.environ, "PATH": f"{ROOT / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"}


@pytest.fixture(scope="module")
def manifest() -> dict[str, dict[str, str]]:
    bootstrap.bundle_widget()
    found: dict[str, dict[str, str]] = json.loads((BUILT / "manifest.json").read_text("utf-8"))
    return found


@pytest.mark.parametrize("name", ["player", "companions"])
def test_each_bundle_is_one_small_file_with_its_map(manifest: dict[str, dict[str, str]], name: str) -> None:
    file = BUILT / manifest[name]["file"]
    text = file.read_text("utf-8")

    assert len(gzip.compress(file.read_bytes())) <= MOST_BYTES
    assert re.findall(r"""\b(?:from|import)\s*\(?\s*["']""", text) == [], "it loads nothing but what a film needs"
    assert text.endswith(f"//# sourceMappingURL={file.name}.map\n")
    sources = json.loads(Path(f"{file}.map").read_text("utf-8"))["sources"]
    assert any(source.endswith("core/player.js") for source in sources) == (name == "player")
    assert not any("node_modules" in source for source in sources)


@pytest.mark.parametrize("name", ["player", "companions"])
def test_the_manifest_has_each_bundles_integrity(manifest: dict[str, dict[str, str]], name: str) -> None:
    digest = hashlib.sha384((BUILT / manifest[name]["file"]).read_bytes()).digest()

    assert manifest[name]["integrity"] == f"sha384-{base64.b64encode(digest).decode()}"


def test_the_stable_names_lead_to_the_hashed_ones(manifest: dict[str, dict[str, str]]) -> None:
    player, companions = (f'export * from "./{manifest[name]["file"]}";\n' for name in ("player", "companions"))

    assert (BUILT / "movie-together.js").read_text("utf-8") == player + companions
    assert (BUILT / "player.js").read_text("utf-8") == player
    assert (BUILT / "companions.js").read_text("utf-8") == companions


def test_libraries_are_where_the_site_serves_them(manifest: dict[str, dict[str, str]]) -> None:
    text = (BUILT / manifest["player"]["file"]).read_text("utf-8")
    found = re.findall(r'new URL\("\.\./\.\./static/vendor/([^"?]+)\?v=([\d.]+)",import\.meta\.url\)', text)

    assert {"hls.js/hls.min.mjs", "shaka-player/shaka-player.dash-es2021.js"} <= dict(found).keys()
    assert "vendor/" not in re.sub(r'"\.\./\.\./static/vendor/[^"]+"', "", text)
    for path, version in found:
        package = path.partition("/")[0]
        assert (bootstrap.ASSETS / path).is_file()
        assert version == json.loads((ROOT / "node_modules" / package / "package.json").read_text("utf-8"))["version"]


def test_the_widget_is_bundled_again_once_a_source_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "sources" / "chat.js"
    source.parent.mkdir()
    source.write_text("one")
    runs: list[list[str]] = []

    def build(command: list[str], **_: Any) -> None:
        runs.append(command)
        Path(command[-1]).mkdir(parents=True)
        (Path(command[-1]) / f"player-{len(runs)}.js").write_text(f"{len(runs)}")

    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "ASSETS", tmp_path / "assets")
    monkeypatch.setattr(bootstrap, "WIDGET_SOURCES", (source.parent,))
    monkeypatch.setattr(bootstrap, "_run", build)
    (tmp_path / "package-lock.json").write_text("{}")

    for expected in (1, 1):
        bootstrap.bundle_widget()
        assert len(runs) == expected
    source.write_text("two")
    bootstrap.bundle_widget()
    assert len(runs) == 2
    # A page that is open, or a service that runs, asks for the files of the build before; not for ever.
    built = tmp_path / "assets" / "widget" / "v1"
    assert {file.name for file in built.iterdir()} == {"player-1.js", "player-2.js"}
    os.utime(built / "player-1.js", (1, 1))
    source.write_text("three")
    bootstrap.bundle_widget()
    assert {file.name for file in built.iterdir()} == {"player-2.js", "player-3.js"}


CONSUMER = """
import { JoinError, MovieTogether, Refusal } from "movie-together";
import "movie-together/companions";
import { attachSource } from "movie-together/sources";

const together: MovieTogether = document.querySelector("movie-together")!;
together.token = async ({ refused }) => (refused ? "new" : "cached");
together.join = async () => { throw new JoinError("room_closed", { final: true }); };
const detach: () => void = await attachSource(document.querySelector("video")!, "film.m3u8");
const skew: number | null = together.skewMs;
together.seek(1000).catch((refusal: Refusal) => refusal.code);
const chat = document.querySelector("movie-together-chat")!;
export { chat, detach, skew };
"""
MISTAKES = {
    "a position in words": 'together.seek("1000");',
    "a token that is none": "together.token = async () => 5;",
    "a method that is not there": "together.rewind();",
}


@pytest.fixture(scope="module")
def consumer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that has installed what `npm pack` gave, without hls.js."""
    folder = tmp_path_factory.mktemp("consumer")
    make = ["make", "--no-print-directory", "package", "PYTHON=true"]  # the set-up itself has been done
    subprocess.run(make, cwd=ROOT, env=ENVIRONMENT, check=True, timeout=120)
    (packed,) = (ROOT / "build").glob("movie-together-*.tgz")
    installed = folder / "node_modules" / "movie-together"
    installed.mkdir(parents=True)
    subprocess.run(["tar", "--extract", "--file", packed, "--strip-components=1"], cwd=installed, check=True)
    return folder


def test_the_package_depends_on_nothing_but_optional_libraries(consumer: Path) -> None:
    package = json.loads((consumer / "node_modules" / "movie-together" / "package.json").read_text("utf-8"))

    assert package["name"] == "movie-together"
    assert "dependencies" not in package
    assert list(package["peerDependencies"]) == ["hls.js", "shaka-player"]
    assert all(package["peerDependenciesMeta"][name]["optional"] is True for name in package["peerDependencies"])
    files = [target for entry in package["exports"].values() if isinstance(entry, dict) for target in entry.values()]
    assert len(files) == 6
    assert all((consumer / "node_modules" / "movie-together" / file).is_file() for file in files)


def test_the_package_is_bundled_by_its_names_without_hls_js(consumer: Path) -> None:
    (consumer / "page.js").write_text('import "movie-together"; import "movie-together/companions";')
    esbuild = ["node", str(ROOT / "node_modules/esbuild/bin/esbuild"), "page.js", "--bundle", "--format=esm"]
    done = subprocess.run(esbuild, cwd=consumer, env=ENVIRONMENT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert 'customElements.define("movie-together"' in done.stdout
    assert "import.meta" not in done.stdout, "a bundler would look for the files beside the package"


def types_of(consumer: Path, text: str) -> subprocess.CompletedProcess[str]:
    (consumer / "page.ts").write_text(text)
    options = [
        "--noEmit",
        "--strict",
        "--target",
        "es2022",
        "--module",
        "esnext",
        "--moduleResolution",
        "bundler",
        "--types",
    ]
    tsc = ["node", str(ROOT / "node_modules/typescript/bin/tsc"), "page.ts", *options, "", "--lib", "es2024,dom"]
    return subprocess.run(tsc, cwd=consumer, env=ENVIRONMENT, capture_output=True, text=True, check=False)


def test_the_types_fit_what_the_document_shows(consumer: Path) -> None:
    done = types_of(consumer, CONSUMER)

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_the_types_notice_a_mistake(consumer: Path, mistake: str) -> None:
    assert types_of(consumer, CONSUMER + mistake).returncode != 0

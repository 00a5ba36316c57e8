"""What `make setup` makes of the pages' scripts and styles: bundles by language, compressed, and their manifest."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
from itertools import chain
from pathlib import Path

import pytest

from api_service.pages.page_files import Manifest, PageFiles, load_manifest
from deploy.local import bootstrap

ROOT = Path(__file__).parents[3]
BUILT = bootstrap.ASSETS / "pages"
TEMPLATES = sorted((ROOT / "api_service" / "templates").glob("*.html"))
UNBROTLI = "process.stdout.write(require('zlib').brotliDecompressSync(require('fs').readFileSync(process.argv[1])))"
# A text of each module that has texts in one language, by its name there.
TEXTS = {
    "ru": (("widget/ui/translations-ru.js", "kicked_title"), ("js/media-chrome-ru.js", "Mute")),
    "en": (("widget/ui/translations-en.js", "kicked_title"),),
}


def text_of(source: str, name: str) -> str:
    found = re.search(rf'\b{name}: "([^"]+)"', (ROOT / "api_service" / "static" / source).read_text("utf-8"))
    assert found is not None, (source, name)
    return found[1]


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    bootstrap.bundle_pages()
    return load_manifest(bootstrap.ASSETS)


def code_of(manifest: Manifest, language: str, *names: str) -> str:
    files = chain.from_iterable(manifest[language][name].files for name in names)
    return "".join((BUILT / file).read_text("utf-8") for file in files)


def test_every_file_that_a_template_names_is_bundled(manifest: Manifest) -> None:
    for template in TEMPLATES:
        text = template.read_text("utf-8")
        named = re.findall(r'"([\w/-]+\.(?:js|css|svg))"', "".join(re.findall(r"\b(?:script|asset)\([^)]*\)", text)))
        for language, entries in manifest.items():
            assert set(named) <= entries.keys(), (template.name, language)
            assert all((BUILT / file).is_file() for name in named for file in entries[name].files)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_no_template_loads_a_source(template: Path) -> None:
    found = re.findall(r'(?:src|href)="(/static/[^"]+\.(?:js|css)|/static/icons[^"]*)"', template.read_text("utf-8"))

    assert found == [], 'name it by asset("…") or script("…")'


def test_a_page_speaks_one_language(manifest: Manifest) -> None:
    for language, texts in TEXTS.items():
        other = "ru" if language == "en" else "en"
        own, others = (code_of(manifest, one, "js/room.js", "js/media-chrome.js") for one in (language, other))
        for text in (text_of(*one) for one in texts):
            assert text in own
            assert text not in others


def test_modules_of_several_pages_are_loaded_once(manifest: Manifest) -> None:
    files = {name: manifest["ru"][name].files for name in ("js/page.js", "js/film.js", "js/room.js")}

    assert set(files["js/page.js"][1:]) & set(files["js/film.js"][1:]) & set(files["js/room.js"][1:])
    assert code_of(manifest, "ru", "js/film.js").count("Idempotency-Key") == 1
    assert "Idempotency-Key" not in (BUILT / files["js/film.js"][0]).read_text("utf-8")


def test_what_modules_share_is_worth_a_request(manifest: Manifest) -> None:
    files = chain.from_iterable(entry.files for entries in manifest.values() for entry in entries.values())
    shared = {file: Path(f"{BUILT / file}.br").stat().st_size for file in files if file.startswith("chunk-")}

    assert shared
    assert {file: size for file, size in shared.items() if size < 600} == {}, "COPIED of build.mjs spares those"


def test_the_room_loads_neither_the_libraries_of_streams_nor_the_controls_in_its_first_file(manifest: Manifest) -> None:
    code = code_of(manifest, "ru", "js/room.js")

    libraries = dict(re.findall(r'new URL\("\.\./vendor/([^"?]+)\?v=([\d.]+)",import\.meta\.url\)', code))
    assert libraries.keys() == {"hls.js/hls.min.mjs", "shaka-player/shaka-player.dash-es2021.js"}
    for path, version in libraries.items():
        package = path.partition("/")[0]
        assert version == json.loads((ROOT / "node_modules" / package / "package.json").read_text("utf-8"))["version"]
        assert (bootstrap.ASSETS / f"{path}.br").is_file()
    assert "media-time-range" not in code
    assert 'customElements.define("media-time-range"' in code_of(manifest, "ru", "js/media-chrome.js").replace(
        "globalThis.", ""
    )


def test_what_is_compressed_beforehand_is_the_same(manifest: Manifest) -> None:
    for name in ("js/room.js", "css/site.css", "icons.svg"):
        file = BUILT / manifest["ru"][name].files[0]
        whole = file.read_bytes()
        brotli = subprocess.run(
            [".venv/bin/node", "-e", UNBROTLI, f"{file}.br"], cwd=ROOT, capture_output=True, check=True
        ).stdout
        assert brotli == gzip.decompress(Path(f"{file}.gz").read_bytes()) == whole
        assert Path(f"{file}.br").stat().st_size < Path(f"{file}.gz").stat().st_size < len(whole)


def test_a_page_is_told_the_texts_of_its_scripts_alone(manifest: Manifest) -> None:
    texts = dict.fromkeys(("copied", "line.live", "problem.banned.text", "email_unknown", "open_with"), "…")

    def told(*scripts: str) -> set[str]:
        files = PageFiles(manifest, "ru")
        for script in scripts:
            files.script(script)
        return set(files.texts(texts))

    assert told("js/page.js") == {"copied", "problem.banned.text"}
    assert told("js/page.js", "js/room.js") == {"copied", "problem.banned.text", "line.live"}
    assert told("js/page.js", "js/friends.js") == {"copied", "problem.banned.text", "email_unknown"}
    assert PageFiles({}, "ru").texts(texts) == texts, "of sources nobody knows what they ask for"


def test_a_module_comes_with_what_it_imports_each_file_once(manifest: Manifest) -> None:
    files = PageFiles(manifest, "en")
    markup = files.script("js/page.js") + files.script("js/room.js", "js/media-chrome.js")

    preloaded = re.findall(r'<link rel="modulepreload" href="/static/pages/([^"]+)">', markup)
    run = re.findall(r'<script type="module" src="/static/pages/([^"]+)">', markup)
    assert [file.partition("-")[0] for file in run] == ["page", "room"]
    wanted = chain.from_iterable(
        manifest["en"][name].files for name in ("js/page.js", "js/room.js", "js/media-chrome.js")
    )
    assert {*preloaded, *run} == set(wanted)
    assert len(preloaded) == len(set(preloaded))
    assert PageFiles({}, "en").script("js/page.js") == '<script type="module" src="/static/js/page.js"></script>'

"""The scripts, styles and pictures that pages name: bundled by `make setup`, or as they are in static/."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import structlog
from aiohttp import web
from markupsafe import Markup

from api_service.static_files import PAGES

log = structlog.get_logger(__name__)

_SOURCES: Final = "/static/"
_PRELOAD: Final = Markup('<link rel="modulepreload" href="{}">')
_MODULE: Final = Markup('<script type="module" src="{}"></script>')


@dataclass(frozen=True, slots=True)
class Bundled:
    """A bundled file and those that it imports, and the names of texts that its sources may ask for.

    A name that ends with a dot stands for every name that begins so.
    """

    files: tuple[str, ...]
    words: frozenset[str]


# By language, by the name in the templates. Without anything, pages load the sources.
Manifest = dict[str, dict[str, Bundled]]
MANIFEST: Final = web.AppKey("MANIFEST", Manifest)


def load_manifest(assets_dir: Path) -> Manifest:
    """Return what `make setup` has bundled (deploy/pages/build.mjs); nothing if it has not."""
    file = assets_dir / "pages" / "manifest.json"
    try:
        read = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        log.warning("no bundles, pages load their scripts and styles one by one", file=str(file))
        return {}
    return {
        language: {name: Bundled(tuple(one["files"]), frozenset(one["words"])) for name, one in entries.items()}
        for language, entries in read.items()
    }


@dataclass(slots=True)
class PageFiles:
    """The files of one page in one language; it notes which scripts there are, to tell their texts."""

    manifest: Manifest
    language: str
    _preloaded: set[str] = field(default_factory=set)
    _words: set[str] = field(default_factory=set)

    def asset(self, name: str) -> str:
        """Return the address of a style, a picture or a classic script."""
        bundled = self._bundled(name)
        return PAGES + bundled.files[0] if bundled else _SOURCES + name

    def script(self, name: str, *soon: str) -> Markup:
        """Return the element of a module; what it imports is fetched with it, as is ``soon``, which it loads itself."""
        found = [bundled for bundled in map(self._bundled, (name, *soon)) if bundled]
        self._words |= {word for bundled in found for word in bundled.words}
        files = [file for bundled in found for file in bundled.files if file not in self._preloaded]
        self._preloaded.update(files)
        # The module's own file, which comes first, is no sooner fetched by another element.
        return Markup().join(_PRELOAD.format(PAGES + file) for file in files[1:]) + _MODULE.format(self.asset(name))

    def texts(self, every: Mapping[str, str]) -> dict[str, str]:
        """Return those of the scripts' texts that the page's scripts may ask for."""
        if not self.manifest:  # nobody has looked into the sources
            return dict(every)
        beginnings = tuple(word for word in self._words if word.endswith("."))
        return {name: text for name, text in every.items() if name in self._words or name.startswith(beginnings)}

    def _bundled(self, name: str) -> Bundled | None:
        return self.manifest[self.language][name] if self.manifest else None

"""A browser that reads pages without running their scripts: texts, links, forms, and what must not be there."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any, Final

from tests.support.api_fixtures import Viewer

_VOID: Final = {"meta", "link", "img", "input", "br", "use"}
_UNSEEN: Final = {"script", "style", "noscript", "title"}


@dataclass
class Element:
    """One element: its attributes, and the text inside."""

    tag: str
    attributes: dict[str, str]
    text: str = ""


@dataclass
class Page:
    """What came: ``text`` is what a person reads, runs of white space as one space."""

    status: int
    headers: Any
    html: str
    elements: list[Element] = field(default_factory=list)
    text: str = ""

    def all(self, tag: str, **attributes: str) -> list[Element]:
        """Return the elements of this tag with these attributes (``data_do`` for ``data-do``)."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [one for one in self.elements if one.tag == tag and wanted.items() <= one.attributes.items()]

    def one(self, tag: str, **attributes: str) -> Element:
        found = self.all(tag, **attributes)
        assert len(found) == 1, f"{len(found)} <{tag}> with {attributes}"
        return found[0]

    @property
    def links(self) -> list[str]:
        return [link.attributes["href"] for link in self.all("a")]


class _Reader(HTMLParser):
    def __init__(self, page: Page) -> None:
        super().__init__()
        self._page = page
        self._open: list[Element] = []
        self._texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._page.elements.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._page.elements.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open[-1].tag == tag, f"</{tag}> while <{self._open[-1].tag}> is open"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data
        if not any(element.tag in _UNSEEN for element in self._open):
            self._texts.append(data)

    def finish(self) -> None:
        self.close()
        assert not self._open, f"never closed: {[element.tag for element in self._open]}"
        self._page.text = " ".join(" ".join(self._texts).split())
        for element in self._page.elements:
            element.text = " ".join(element.text.split())


async def look(viewer: Viewer, path: str, *, language: str = "en", method: str = "GET", **headers: str) -> Page:
    """Open a page; fails on markup whose tags do not close in order."""
    asked = {"Accept": "text/html,application/xhtml+xml", "Accept-Language": language, **headers}
    answer = await viewer.raw(method, path, headers=asked, allow_redirects=False)
    page = Page(answer.status, answer.headers, answer.body.decode())
    reader = _Reader(page)
    reader.feed(page.html)
    reader.finish()
    return page

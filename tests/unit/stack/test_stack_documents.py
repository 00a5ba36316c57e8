"""The documents name files and folders that exist."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PICTURES = sorted((ROOT / "docs" / "pictures").iterdir())
MOST_KB = 80
MOVING = {"in-step.webp": 1536}
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "deploy" / "README.md", *ROOT.glob("docs/**/*.md")]

# A path may be written from here too, where the text has said which part it speaks of.
PARTS = (
    "",
    "api_service",
    "api_service/static",
    "api_service/static/widget",
    "sync_service",
    "deploy",
    "deploy/neighbours",
)
ENDINGS = "c|cfg|conf|css|html|ini|js|json|lock|lua|md|mjs|mp4|po|py|sh|svg|toml|txt|webp|yml"
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
FILE = re.compile(rf"[\w.@*-]+(?:/[\w.@*-]+)*\.(?:{ENDINGS})")
FOLDER = re.compile(r"[a-z.@][\w.@-]*(?:/[\w.@-]+)*/")
# Made by set-up, by a run or by a build, or not ours.
NOT_IN_THE_TREE = re.compile(r"(?:build|node_modules|\.venv|\.local)/.*")


def missing_paths(document: Path, root: Path = ROOT) -> set[str]:
    """Return what a document names as a file or a folder of this repository, and is none."""
    text = document.read_text("utf-8")
    named = {path for path in _paths(text) if not NOT_IN_THE_TREE.fullmatch(path)}
    linked = {link.partition("#")[0] for link in LINK.findall(text) if "://" not in link and not link.startswith("#")}
    return {path for path in named if not _there(path, root)} | {
        path for path in linked if not (document.parent / path).exists()
    }


def _paths(text: str) -> Iterator[str]:
    for code in CODE.findall(text):
        for word in code.split():
            if FILE.fullmatch(word) or FOLDER.fullmatch(word):
                yield word


def _there(path: str, root: Path) -> bool:
    if "/" not in path:  # a file by its name alone
        return any(file for file in root.rglob(path) if "node_modules" not in file.parts)
    return any(True for part in PARTS for _ in (root / part).glob(path))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: str(document.relative_to(ROOT)))
def test_every_path_that_a_document_names_exists(document: Path) -> None:
    assert missing_paths(document) == set()


def test_a_path_that_is_not_there_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "sync_service" / "room").mkdir(parents=True)
    (tmp_path / "sync_service" / "room" / "decide.py").touch()
    document = tmp_path / "README.md"
    document.write_text(
        "`sync_service/room/decide.py`, `room/decide.py`, `decide.py`, `room/`, `room/*.py`, `python room/decide.py`, "
        "[here](sync_service/room/decide.py#rules), [there](https://example.com/away.md), `/healthz`, `build/x.so`\n\n"
        "`sync_service/rules.py`, `room/gone.py`, `gone.py`, `gone/`, `gone/*.py`, `python gone/main.py`, "
        "[here](away.md)"
    )

    assert missing_paths(document, tmp_path) == {
        "sync_service/rules.py",
        "room/gone.py",
        "gone.py",
        "gone/",
        "gone/*.py",
        "gone/main.py",
        "away.md",
    }


def test_each_picture_is_shown_somewhere_and_light() -> None:
    shown = {link.rpartition("/")[2] for document in DOCUMENTS for link in LINK.findall(document.read_text("utf-8"))}

    assert {picture.name for picture in PICTURES} - shown == set()
    sizes = {picture.name: picture.stat().st_size / 1024 for picture in PICTURES}
    assert {name: size for name, size in sizes.items() if size > MOVING.get(name, MOST_KB)} == {}

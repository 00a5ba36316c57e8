"""`make bench-feed`: how long a cinema's lists take to come in, over the API of a running site.

2,000 films, 20,000 people, 5,000 friendships and 100,000 wishes go in, 10,000 rows a request, one request after the
other. The bar is 30 s for the wishes.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from tests.e2e.site import LocalSite
from tests.support.feed_fixtures import NDJSON, film_row, friendship_row, person_row, wish_row

ROWS_A_REQUEST: Final = 10_000
FILMS: Final = 2_000
PEOPLE: Final = 20_000
FRIENDS: Final = 5_000
WISHES_EACH: Final = 5
BAR_S: Final = 30


def lists() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield what is fed and its rows, in the order in which one refers to the other."""
    yield "films", [film_row(f"film-{film}") for film in range(FILMS)]
    yield "people", [person_row(f"person-{person}") for person in range(PEOPLE)]
    yield "friendships", [friendship_row("person-0", f"person-{friend}") for friend in range(1, FRIENDS + 1)]
    yield (
        "wishes",
        [
            wish_row(f"person-{person}", f"film-{(person * 37 + wish * 91) % FILMS}")
            for person in range(PEOPLE)
            for wish in range(WISHES_EACH)
        ],
    )


def feed(site: LocalSite, token: str, kind: str, rows: Sequence[dict[str, Any]]) -> Counter[str]:
    """Send rows to the site and return how many had which result."""
    with contextlib.closing(http.client.HTTPConnection(urlsplit(site.url).netloc)) as connection:
        body = "".join(json.dumps(row) + "\n" for row in rows)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": NDJSON}
        connection.request("POST", f"/api/v1/feed/{kind}", body, headers)
        return Counter(json.loads(line)["result"] for line in connection.getresponse())


def main() -> int:
    """Feed everything and print how long each kind took."""
    with tempfile.TemporaryDirectory(prefix="movie-together-feed-") as folder:
        Path(folder).chmod(0o711)
        site = LocalSite(Path(folder))
        try:
            site.start()
            token = site.program_token()
            for kind, rows in lists():
                began_s = time.monotonic()
                results: Counter[str] = Counter()
                for first in range(0, len(rows), ROWS_A_REQUEST):
                    results += feed(site, token, kind, rows[first : first + ROWS_A_REQUEST])
                took_s = time.monotonic() - began_s
                bar = f" (≤ {BAR_S})" if kind == "wishes" else ""
                print(f"{kind:12} {len(rows):7,} rows  {took_s:5.1f} s{bar}  {dict(results)}", flush=True)
        finally:
            site.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())

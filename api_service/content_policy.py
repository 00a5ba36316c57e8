"""The Content-Security-Policy of pages: what our scripts and the player need, and the addresses of the films shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from yarl import URL

from api_service.site import Site

HEADER: Final = "Content-Security-Policy"
_ORIGIN: Final = re.compile(r"https?://[A-Za-z0-9.\[\]:-]+")
FRAMED: Final = "/rooms/"  # what the sites of FRAME_ANCESTORS may show in a frame


class ContentPolicy:
    """Makes the policy of each page; ``film_origins`` may serve films beside the origins of the films' own addresses.

    A page lets in what it shows, so a film on a new host plays as soon as it is in the catalogue.
    """

    def __init__(
        self, site: Site, issuer: str, frame_ancestors: Iterable[str] = (), film_origins: Iterable[str] = ()
    ) -> None:
        self._frame_ancestors = " ".join(frame_ancestors)
        self._film_origins = frozenset(film_origins)
        self._socket_origin = str(URL(site.sync_public_url).origin())
        # Signing out posts a form that is redirected to the provider, which form-action would stop.
        self._issuer_origin = str(URL(issuer).origin())

    def header(self, path: str, addresses: Iterable[str | None] = ()) -> str:
        """Return the policy of the page at ``path`` that shows what is at these addresses; some may be None."""
        films = " ".join(self.origins(addresses))
        ancestors = f"'self' {self._frame_ancestors}" if path.startswith(FRAMED) else "'self'"
        return "; ".join(
            (
                "default-src 'self'",
                "script-src 'self'",
                # media-chrome styles its elements with <style> in their shadow trees.
                "style-src 'self' 'unsafe-inline'",
                f"img-src 'self' data: {films}".rstrip(),
                # hls.js puts the captions of a stream into <track> elements whose address is an empty file.
                f"media-src 'self' blob: data: {films}".rstrip(),
                # hls.js fetches a film's parts by script and unpacks them in a worker.
                f"connect-src 'self' {self._socket_origin} {films}".rstrip(),
                "worker-src 'self' blob:",
                "object-src 'none'",
                "base-uri 'none'",
                f"form-action 'self' {self._issuer_origin}",
                f"frame-ancestors {ancestors}".rstrip(),
            )
        )

    def origins(self, addresses: Iterable[str | None]) -> list[str]:
        """Return from where the page that shows what is at these addresses plays films."""
        return sorted(self._film_origins.union(_origins(addresses)))


def _origins(addresses: Iterable[str | None]) -> Iterator[str]:
    for address in addresses:
        if address is None or address.startswith("/"):
            continue
        try:
            origin = str(URL(address).origin())
        except ValueError:
            continue
        if _ORIGIN.fullmatch(origin):
            yield origin

"""Keys of what handlers share in the application."""

from typing import Any, Final

from aiohttp import web

from api_service.content_policy import ContentPolicy
from api_service.database import Database
from api_service.site import Site
from api_service.usecases.entitlement import Entitlement
from api_service.usecases.sources import Sources
from shared.tickets import Minter

DATABASE: Final = web.AppKey("DATABASE", Database)
SITE: Final = web.AppKey("SITE", Site)
MINTER: Final = web.AppKey("MINTER", Minter)
ENTITLEMENT: Final = web.AppKey("ENTITLEMENT", Entitlement)  # only where the cinema has such a hook
SOURCES: Final = web.AppKey("SOURCES", Sources)  # likewise
CONTENT_POLICY: Final = web.AppKey("CONTENT_POLICY", ContentPolicy)
ISSUER: Final = web.AppKey("ISSUER", str)  # whose subjects people are, unless a row of the feed says otherwise
ALLOWED_ORIGINS: Final = web.AppKey("ALLOWED_ORIGINS", frozenset[str])
FRAME_ANCESTORS: Final = web.AppKey("FRAME_ANCESTORS", tuple[str, ...])
SPEC: Final = web.AppKey("SPEC", dict[str, Any])

"""The page of one's account: language, theme, who sees the list of films, mails, blocked people, sessions, own data."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from aiohttp import web

from api_service import language
from api_service.app_keys import DATABASE, SITE
from api_service.database import Database
from api_service.identity import current_session, page_user
from api_service.middlewares import renew_deadline
from api_service.pages import theme
from api_service.pages.forms import done
from api_service.pages.rendering import personal_page
from api_service.problems import INVALID_FIELDS
from api_service.usecases import blocking, erasing, muting, people, sessions
from api_service.usecases.people import User

ADDRESS: Final = "/account"


@dataclass
class _Posted:
    """A form of the page: who has sent it, what is in it, and the answer, which may set cookies."""

    request: web.Request
    viewer: User
    form: Mapping[str, Any]
    answer: web.HTTPSeeOther

    @property
    def db(self) -> Database:
        return self.request.app[DATABASE]

    def one_of(self, name: str, *values: str) -> str:
        """Return a field's value; raises the problem `invalid_fields` for any other."""
        value = self.form.get(name)
        if value not in values:
            raise _invalid(name, f"Must be one of: {', '.join(values)}.")
        return str(value)

    def id(self, name: str) -> UUID:
        """Return a field's id; raises the problem `invalid_fields` for what is none."""
        try:
            return UUID(str(self.form.get(name, "")))
        except ValueError:
            raise _invalid(name, "Must be a UUID.") from None


async def account_page(request: web.Request) -> web.Response:
    """Show one's account and what can be chosen of it."""
    viewer = await page_user(request)
    db = request.app[DATABASE]
    context = {
        "mails": await muting.mails_of(db, viewer),
        "list_hidden": await people.hides_list(db, viewer.id),
        "blocked": await blocking.blocked_by(db, viewer.id),
        "sessions": await sessions.of_person(db, viewer.id),
        "this_session": await current_session(request),
        "themes": theme.THEMES,
    }
    return await personal_page(request, "account.html", viewer, context)


async def change_account(request: web.Request) -> web.Response:
    """Do what a form of the page asks for, and show the page anew."""
    viewer = await page_user(request)
    form = await request.post()
    deed = _DEEDS.get(str(form.get("do", "")))
    if deed is None:
        raise _invalid("do", f"Must be one of: {', '.join(_DEEDS)}.")
    posted = _Posted(request, viewer, form, done({"back": ADDRESS, **form}))
    await deed(posted)
    raise posted.answer


async def _choose_language(posted: _Posted) -> None:
    code = posted.one_of("language", *language.LANGUAGES)
    await people.choose_locale(posted.db, posted.viewer.id, code)
    language.keep(posted.request, posted.answer, code)


async def _choose_theme(posted: _Posted) -> None:
    theme.remember(posted.request, posted.answer, posted.one_of("theme", *theme.THEMES))


async def _show_list(posted: _Posted) -> None:
    hidden = posted.one_of("list", "friends", "nobody") == "nobody"
    await people.hide_list(posted.db, posted.viewer.id, hidden=hidden)


async def _want_mails(posted: _Posted) -> None:
    wanted = posted.one_of("mails", "yes", "no") == "yes"
    await muting.want_mails(posted.db, posted.viewer.email, wanted=wanted)


async def _unmute(posted: _Posted) -> None:
    await muting.unmute(posted.db, posted.viewer.id, posted.id("person"))


async def _block(posted: _Posted) -> None:
    await blocking.block(posted.db, posted.viewer.id, posted.id("person"))


async def _unblock(posted: _Posted) -> None:
    await blocking.unblock(posted.db, posted.viewer.id, posted.id("person"))


async def _end_session(posted: _Posted) -> None:
    await sessions.end_own(posted.db, posted.viewer.id, posted.id("session"))


async def _end_others(posted: _Posted) -> None:
    await sessions.end_others(posted.db, posted.viewer.id, await current_session(posted.request))


async def _erase(posted: _Posted) -> None:
    posted.one_of("sure", "yes")
    site, request = posted.request.app[SITE], posted.request
    await erasing.erase(posted.db, site, posted.viewer.id, lambda: renew_deadline(request))
    posted.answer = done({})


_DEEDS: Final[Mapping[str, Callable[[_Posted], Awaitable[None]]]] = {
    "language": _choose_language,
    "theme": _choose_theme,
    "list": _show_list,
    "mails": _want_mails,
    "unmute": _unmute,
    "block": _block,
    "unblock": _unblock,
    "end_session": _end_session,
    "end_others": _end_others,
    "erase": _erase,
}


def _invalid(name: str, message: str) -> Exception:
    return INVALID_FIELDS.problem(errors=[{"field": name, "message": message}])

"""The page for a failure: what happened and where to go on."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any, Final

import structlog
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from api_service.database import DatabaseUnavailable
from api_service.identity import SignInProblem, optional_user
from api_service.language import Language
from api_service.pages import copy
from api_service.pages.rendering import page, page_language
from api_service.usecases.people import User
from shared.service import Problem, problem_of

log = structlog.get_logger(__name__)

# Programs read these, whatever their Accept header says.
_FOR_PROGRAMS: Final = ("/api/v1/", "/static/", "/widget/", "/demo/", "/healthz", "/readyz", "/metrics")


@web.middleware
async def page_failures(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn problems and exceptions into a page for people; programs get the problem document."""
    if not _for_person(request):
        return await handler(request)
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < HTTPStatus.BAD_REQUEST:
            raise
        problem = problem_of(error)
    except Problem as error:
        problem = error
    except asyncio.CancelledError:
        raise
    except Exception as error:
        log.exception("page failed", method=request.method, path=request.path)
        problem = problem_of(error)
    return await _page(request, problem)


def _for_person(request: web.Request) -> bool:
    return "text/html" in request.headers.get(hdrs.ACCEPT, "") and not request.path.startswith(_FOR_PROGRAMS)


async def _page(request: web.Request, problem: Problem) -> web.Response:
    viewer = await _viewer(request, problem)
    here = page_language(request, viewer)
    code = "no_cookies" if problem.code == "sign_in_expired" and not request.cookies else problem.code
    title, text = copy.of_problem(code, problem.status, here)
    context: dict[str, Any] = {
        "status": problem.status,
        "code": problem.code,
        "title": title,
        "text": text,
        "ways": _ways(request, problem, here, viewer),
    }
    response = page(request, "wrong.html", viewer, context, status=problem.status, quiet=True)
    response.headers.update(problem.headers)
    return response


async def _viewer(request: web.Request, problem: Problem) -> User | None:
    """Return the viewer, or None if that fails too."""
    if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return None
    try:
        return await optional_user(request)
    except (Problem, DatabaseUnavailable, RuntimeError, KeyError):
        return None


def _ways(request: web.Request, problem: Problem, here: Language, viewer: User | None) -> list[tuple[str, str]]:
    """Return links to go on by: (address, text), the best one first; guests and strangers have no rooms."""
    films, own = ("/", here.gettext("To the films")), ("/rooms", here.gettext("My rooms"))
    if isinstance(problem, SignInProblem):
        return [(problem.sign_in_url, here.gettext("Sign in again")), films]
    if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR and request.method == hdrs.METH_GET:
        return [(request.path_qs, here.gettext("Try again")), films]
    return [films] if viewer is None else [films, own]

"""`token`: an access token of a program of the cinema's, from its auth service."""

import argparse
import asyncio
import getpass
import sys
from urllib.parse import quote

from aiohttp import ClientError, ClientSession, ClientTimeout, encode_basic_auth, hdrs

from api_service.cli.resources import service_settings
from api_service.identity import Provider, ProviderUnavailable
from shared.command_line import CommandFailed, say

DEADLINE_S = 10


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add for whom the token is, and for what."""
    parser.add_argument("client", metavar="CLIENT", help="the program's client id at the provider")
    parser.add_argument("--scope", default="feed", help="as the provider spells it: `feed` (default), `admin`, both")


async def print_token(options: argparse.Namespace) -> None:
    """Print an access token of a program (client credentials), for calls of the API.

    The client's secret is asked for, or read from standard input: arguments can be seen by others.
    """
    settings = service_settings().identity
    secret = await asyncio.to_thread(_secret)
    provider = Provider(settings)
    await provider.start()
    try:
        endpoint = (await provider.metadata()).token_endpoint
    except ProviderUnavailable as error:
        raise CommandFailed(f"the provider (OIDC_ISSUER) does not answer: {error}") from None
    finally:
        await provider.close()
    # RFC 6749, section 2.3.1: both parts are form-encoded before they become Basic credentials.
    login = encode_basic_auth(quote(options.client, safe=""), quote(secret, safe=""))
    # Providers name the audience in either way, and ignore the other (RFC 6749, section 3.2).
    whom = {"resource": settings.audience, "audience": settings.audience}
    form = {"grant_type": "client_credentials", "scope": options.scope, **whom}
    try:
        async with (
            ClientSession(timeout=ClientTimeout(total=DEADLINE_S)) as http,
            http.post(endpoint, data=form, headers={hdrs.AUTHORIZATION: login}) as answer,
        ):
            granted = await answer.json(content_type=None)
    except (ClientError, TimeoutError, ValueError) as error:
        raise CommandFailed(f"{endpoint} gave no token: {error!r}") from None
    if answer.status != 200 or "access_token" not in granted:
        raise CommandFailed(f"{endpoint} refuses: {granted.get('error_description') or granted.get('error')}")
    # The provider leaves out of a token what it does not know (RFC 6749, section 3.3).
    if refused := set(options.scope.split()) - set(granted.get("scope", options.scope).split()):
        raise CommandFailed(f"{endpoint} grants no scope {' '.join(sorted(refused))} to {options.client}")
    say(granted["access_token"])


def _secret() -> str:
    return getpass.getpass("Secret of the client: ") if sys.stdin.isatty() else sys.stdin.readline().strip()

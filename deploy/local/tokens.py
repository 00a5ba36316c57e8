"""Access tokens of the demo's program, as the cinema's own programs get theirs (RFC 6749, section 4.4)."""

import json
from base64 import b64encode
from collections.abc import Mapping
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

from deploy.local.keys import Keys
from deploy.local.services import PROGRAM_ID, addresses, audience

DEADLINE_S = 10


class NoToken(Exception):
    """Why there is no token, and what helps."""


def program_token(environ: Mapping[str, str], keys: Keys) -> str:
    """Return a token with the scope SCOPE (several with spaces); raises NoToken and BadPort."""
    issuer = addresses(environ).identity
    if issuer is None:
        raise NoToken("OIDC_ISSUER is set: get the token from that provider, see docs/integrating.md")
    scope = environ.get("SCOPE") or "feed"
    form = {
        "grant_type": "client_credentials",
        "scope": scope,
        "resource": audience(environ),
    }
    credentials = f"{quote(PROGRAM_ID, safe='')}:{quote(keys.program_secret, safe='')}"
    headers = {"Authorization": f"Basic {b64encode(credentials.encode()).decode()}"}
    request = Request(f"{issuer}/token", data=urlencode(form).encode(), headers=headers)  # noqa: S310 - our own provider
    try:
        with urlopen(request, timeout=DEADLINE_S) as answer:  # noqa: S310
            granted = json.load(answer)
    except HTTPError as error:
        refusal = json.loads(error.read())
        raise NoToken(f"{issuer} refuses: {refusal.get('error_description') or refusal.get('error')}") from None
    except (URLError, TimeoutError) as error:
        raise NoToken(f"{issuer} does not answer ({error}): is `make run` up?") from None
    # The provider leaves out of a token what it does not know (RFC 6749, section 3.3).
    if refused := set(scope.split()) - set(granted.get("scope", "").split()):
        raise NoToken(f"{issuer} knows no scope {' '.join(sorted(refused))}: SCOPE is feed, admin, or 'feed admin'")
    token: str = granted["access_token"]
    return token

"""Sign-ins under way, in cookies of their own."""

from __future__ import annotations

import base64
from collections.abc import Mapping

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from cryptography.fernet import Fernet, InvalidToken

from api_service.identity import cookies
from api_service.identity.cookies import HINT_BYTES, MOST_PENDING, PENDING_PREFIX, PendingSignIns
from api_service.identity.oidc import RETURN_PATH_BYTES, Pending, begin, next_of

SECRET = b"a secret of thirty-two bytes, ok"


class Jar:
    """A browser's cookies for these sign-ins: what was set comes back with the next request."""

    def __init__(self, sign_ins: PendingSignIns) -> None:
        self.cookies: dict[str, str] = {}
        self._sign_ins = sign_ins

    def request(self) -> web.Request:
        header = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return make_mocked_request("GET", "/auth/callback", headers={"Cookie": header})

    def keep(self, request: web.Request) -> None:
        response = web.Response()
        self._sign_ins.save(request, response)
        for name, morsel in response.cookies.items():
            self.cookies.pop(name, None)
            if morsel["max-age"] != "0":
                self.cookies[name] = morsel.value

    def remember(self, state: Pending) -> None:
        request = self.request()
        self._sign_ins.remember(request, state)
        self.keep(request)

    def take(self, state: str) -> Pending | None:
        request = self.request()
        found = self._sign_ins.take(request, state)
        self.keep(request)
        return found


@pytest.fixture
def jar() -> Jar:
    return Jar(PendingSignIns(SECRET, secure=False))


def test_a_sign_in_is_taken_once(jar: Jar) -> None:
    begun = begin("/rooms/abc")
    jar.remember(begun)

    assert jar.take(begun.state) == begun
    assert jar.take(begun.state) is None
    assert jar.cookies == {}


def test_tabs_do_not_disturb_each_other(jar: Jar) -> None:
    first, second = begin("/one"), begin("/two")
    jar.remember(first)
    jar.remember(second)

    assert (jar.take(second.state), jar.take(first.state)) == (second, first)


def test_the_oldest_of_too_many_gives_way(jar: Jar, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = [begin(f"/{number}") for number in range(MOST_PENDING + 2)]
    for second, one in enumerate(begun):
        monkeypatch.setattr("time.time", lambda second=second: 1_800_000_000 + second)
        jar.remember(one)

    assert len(jar.cookies) == MOST_PENDING
    assert [jar.take(one.state) for one in begun] == [None, None, *begun[2:]]


def test_all_of_them_fit_into_a_request(jar: Jar) -> None:
    for _ in range(MOST_PENDING):
        jar.remember(begin("/" + "x" * (RETURN_PATH_BYTES - 1)))

    longest_session = len(PENDING_PREFIX) + len(Fernet(Fernet.generate_key()).encrypt(b"x" * (HINT_BYTES + 100)))
    others = 500
    assert len(jar.request().headers["Cookie"]) + longest_session + others < 8190, "aiohttp refuses the request"


def test_one_that_is_too_old_is_not_taken(jar: Jar, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = begin("/")
    jar.remember(begun)
    monkeypatch.setattr(cookies, "PENDING_LIFETIME_S", -1)

    assert jar.take(begun.state) is None


def test_one_of_another_secret_is_not_taken(jar: Jar) -> None:
    begun = begin("/")
    jar.remember(begun)
    other = Jar(PendingSignIns(b"another secret of 32 bytes, fine", secure=False))
    other.cookies = dict(jar.cookies)

    assert other.take(begun.state) is None


def test_the_key_of_sessions_does_not_open_it(jar: Jar) -> None:
    jar.remember(begin("/"))
    [sealed] = jar.cookies.values()

    with pytest.raises(InvalidToken):
        Fernet(base64.urlsafe_b64encode(SECRET)).decrypt(sealed)


@pytest.mark.parametrize("value", ["", "x", "гарбуз", "A" * 500])
def test_a_broken_cookie_is_no_sign_in(jar: Jar, value: str) -> None:
    begun = begin("/")
    jar.remember(begun)
    [name] = jar.cookies
    jar.cookies[name] = value

    assert jar.take(begun.state) is None


def test_a_cookie_put_under_another_state_is_not_taken(jar: Jar) -> None:
    begun, other = begin("/one"), begin("/two")
    jar.remember(begun)
    [sealed] = jar.cookies.values()
    jar.cookies = {cookies._name(other.state): sealed}

    assert jar.take(other.state) is None


def test_what_the_provider_must_not_learn_is_not_in_what_it_is_told() -> None:
    begun = begin("/rooms/abc")

    assert begun.verifier not in begun.state + begun.nonce + begun.challenge
    assert 43 <= len(begun.verifier) <= 128, "RFC 7636, section 4.1"


@pytest.mark.parametrize(
    ("state", "place"),
    [
        pytest.param(begin("/rooms/ё?x=1").state, "/rooms/ё?x=1", id="one that was begun"),
        ("", "/"),
        ("x", "/"),
        ("x.!!!", "/"),
        ("x.gICA", "/"),
        ("x.Ly9ldmlsLmV4YW1wbGU", "/"),
        ("x.ё", "/"),
    ],
)
def test_a_state_names_a_place_of_the_site(state: str, place: str) -> None:
    assert next_of(state) == place


def test_the_challenge_is_that_of_the_standard() -> None:
    example: Mapping[str, str] = {"state": "", "nonce": ""}
    begun = Pending(**example, verifier="dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")

    assert begun.challenge == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "RFC 7636, appendix B"
    assert PENDING_PREFIX.startswith("movie_together")

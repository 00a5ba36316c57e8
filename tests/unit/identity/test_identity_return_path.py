"""Where signing in may lead: never off the site."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from api_service.identity.oidc import RETURN_PATH_BYTES, return_path

SITE = "https://cinema.example"


@pytest.mark.parametrize(
    "path", ["/", "/rooms/abc", "/films?q=%D1%91&page=2", "/films?q=ёлка", "/a//b", "/?next=//x", "/~@:"]
)
def test_places_of_the_site_are_kept(path: str) -> None:
    assert return_path(path) == path


@pytest.mark.parametrize(
    "elsewhere",
    [
        None,
        "",
        "rooms",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "\t//evil.example",
        " //evil.example",
        "/ /evil.example",
        "https://evil.example",
        "https:evil.example",
        "HTTPS://evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "@evil.example",
        ".evil.example",
        "?x",
        "/x\x00y",
        "/x\x7fy",
        "/\udcff",
        "/auth/sign-in?next=/",
        "/auth/sign-out",
        "/" + "x" * RETURN_PATH_BYTES,
    ],
)
def test_anything_else_becomes_the_home_page(elsewhere: str | None) -> None:
    assert return_path(elsewhere) == "/"


@given(st.text(alphabet=st.sampled_from("/\\.:@?#%\t\n aé5cevil"), max_size=12))
def test_no_text_leads_off_the_site(text: str) -> None:
    path = return_path(text)

    assert URL(SITE).join(URL(path)).origin() == URL(SITE)
    assert URL(SITE + path).origin() == URL(SITE)

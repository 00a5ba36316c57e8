"""The OpenAPI document: valid, complete, and about what is really routed."""

import ast
import json
import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import web
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate

from api_service import problems
from api_service.api.endpoints import PREFIX
from api_service.api.openapi import ALL, PATH, document, setup_api
from api_service.app_keys import SITE
from api_service.problems import Kind
from api_service.site import Site
from api_service.usecases.paging import encode

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def spec() -> dict[str, Any]:
    return document()


def operations(spec: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (method.upper(), path): operation
        for path, methods in spec["paths"].items()
        for method, operation in methods.items()
    }


def test_the_document_is_valid_openapi(spec: dict[str, Any]) -> None:
    validate(spec)


def test_every_route_of_the_api_is_described_and_nothing_else(spec: dict[str, Any]) -> None:
    app = web.Application()
    app[SITE] = Site("https://kino.test", "wss://kino.test", 64, b"key")
    setup_api(app)
    routed = {
        (route.method, route.resource.canonical.removeprefix(PREFIX))
        for route in app.router.routes()
        if route.resource is not None and route.resource.canonical != PATH and route.method != "HEAD"
    }

    assert routed == set(operations(spec))


def is_for_anybody(operation: dict[str, Any]) -> bool:
    return operation.get("security") == []


def test_guests_are_let_in_by_whoever_they_are_and_known_where_they_have_to_be(spec: dict[str, Any]) -> None:
    found = operations(spec)
    assert [place for place, one in found.items() if is_for_anybody(one)] == [("POST", "/rooms/{code}/guests")]
    guests = {place for place, one in found.items() if {"guest": []} in one.get("security", [])}
    assert guests == {("POST", "/rooms/{code}/join"), ("GET", "/films/{film_id}/source")}


def test_every_operation_says_what_it_does_gives_and_refuses(spec: dict[str, Any]) -> None:
    for place, operation in operations(spec).items():
        assert operation["summary"].endswith("."), place
        assert "503" in operation["responses"], place
        assert ("401" in operation["responses"]) == (not is_for_anybody(operation)), place
        assert any(status.startswith("2") for status in operation["responses"]), place
    names = [operation["operationId"] for operation in operations(spec).values()]
    assert len(names) == len(set(names)) == len(ALL)


def test_requests_are_described_by_the_schemas_that_read_them(spec: dict[str, Any]) -> None:
    body = operations(spec)["POST", "/rooms"]["requestBody"]["content"]["application/json"]["schema"]
    order = spec["components"]["schemas"][body["$ref"].rpartition("/")[2]]

    assert order["required"] == ["film_id"]
    assert order["additionalProperties"] is False
    assert order["properties"]["capacity"]["maximum"] == 200
    assert order["properties"]["access"]["enum"] == ["link", "invited"]


def test_refusals_say_when_to_come_again_and_what_is_not_the_endpoint_s_own(spec: dict[str, Any]) -> None:
    for (method, path), operation in operations(spec).items():
        refusals = {status: one for status, one in operation["responses"].items() if not status.startswith("2")}
        assert {status for status, one in refusals.items() if "headers" in one} == refusals.keys() & {"429", "503"}
        assert ("identity_unavailable" in refusals["503"]["description"]) == (not is_for_anybody(operation)), path
        assert ("cross_site_request" in refusals["403"]["description"]) == (method != "GET"), path


def test_every_body_has_an_example_that_fits_its_schema(spec: dict[str, Any]) -> None:
    for place, operation in operations(spec).items():
        for kind, content in operation.get("requestBody", {"content": {}})["content"].items():
            assert "example" in content, f"{place}: give one in api_service/api/examples.py"
            example = content["example"]
            lines = example.splitlines() if kind == "application/x-ndjson" else [json.dumps(example)]
            for line in lines:
                OAS31Validator({**content["schema"], "components": spec["components"]}).validate(json.loads(line))


def test_what_is_bounded_by_a_pattern_says_so(spec: dict[str, Any]) -> None:
    by_name = {
        (parameter["in"], parameter["name"]): parameter["schema"]
        for operation in operations(spec).values()
        for parameter in operation["parameters"]
    }

    bounded = {"cursor", "q", "Idempotency-Key", "Feed-Run", "code", "subject", "issuer", "run_id"}
    assert bounded == {name for (_, name), schema in by_name.items() if "pattern" in schema}
    assert re.search(by_name["query", "cursor"]["pattern"], encode(uuid4()))
    assert re.search(by_name["path", "code"]["pattern"], "kK3v0S2nRzq0uVYb1m7E4g")


def _codes_raised() -> set[str]:
    """Every code that the sources of api_service can answer with: what stands behind a status of 4xx or 5xx."""
    found: set[str] = set()
    for path in (ROOT / "api_service").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(args=[ast.Constant(value=int(status)), ast.Constant(value=str(code)), *_]):
                    found |= {code} if 400 <= status < 600 else set()
    return found


def test_every_problem_code_is_documented_with_its_status() -> None:
    table = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    documented = dict(re.findall(r"^\| `(\w+)` \| (\d{3}) \|", table, re.MULTILINE))

    assert _codes_raised() <= documented.keys()
    assert {kind.code: str(kind.status) for kind in problems.KINDS}.items() <= documented.items()
    general = {"internal_error", "not_found", "method_not_allowed", "forbidden"}
    edge = (ROOT / "deploy" / "nginx" / "nginx.conf").read_text(encoding="utf-8")
    of_edge = {code: status for status, code in re.findall(r'"status":(\d{3}),.*"code":"(\w+)"', edge)}
    assert of_edge.items() <= documented.items()
    assert documented.keys() <= _codes_raised() | general | of_edge.keys()


def test_every_problem_names_a_remedy_and_each_code_is_spelled_once() -> None:
    kinds = [value for value in vars(problems).values() if isinstance(value, Kind)]

    assert len({kind.code for kind in kinds}) == len(kinds) == len(problems.KINDS)
    assert all(kind.detail.endswith(".") and len(kind.detail) > 30 for kind in kinds)

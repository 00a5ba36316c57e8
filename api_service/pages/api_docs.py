"""The OpenAPI document as a page that needs no script."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from aiohttp import web
from markupsafe import Markup, escape

from api_service.app_keys import SPEC
from api_service.identity import optional_user
from api_service.pages import copy
from api_service.pages.rendering import page, page_language
from api_service.problems import KINDS

_METHODS: Final = ("get", "post", "put", "patch", "delete")
_REFERENCE: Final = "#/components/schemas/"


async def read_api(request: web.Request) -> web.Response:
    """Show the JSON API's operations and schemas."""
    context = {"document": readable(request.app[SPEC]), "shape": shape}
    return page(request, "api_docs.html", await optional_user(request), context)


async def read_problem(request: web.Request) -> web.Response:
    """Explain a problem's code, at the address in a problem document's ``type`` (RFC 9457, 3.1.1)."""
    code = request.match_info["code"]
    viewer = await optional_user(request)
    kind = next((kind for kind in KINDS if kind.code == code), None)
    explained = copy.explanation(code, page_language(request, viewer))
    if kind is None and explained is None:
        raise web.HTTPNotFound
    title, text = explained or (code, "")
    context = {"code": code, "status": kind.status if kind else None, "detail": _lines(kind.detail if kind else "")}
    return page(request, "problem.html", viewer, {**context, "title": title, "text": text})


def readable(spec: dict[str, Any]) -> dict[str, Any]:
    """Return an OpenAPI 3 document in reading order: groups of operations, then schemas."""
    groups: dict[str, list[dict[str, Any]]] = {}
    base = str((spec.get("servers") or [{"url": ""}])[0]["url"])
    for path, item in spec.get("paths", {}).items():
        for method in _METHODS:
            if method in item:
                operation = _operation(base, path, method, item[method])
                groups.setdefault(operation["group"], []).append(operation)
    schemas = spec.get("components", {}).get("schemas", {})
    return {
        "title": spec["info"]["title"],
        "version": spec["info"]["version"],
        "description": _lines(" ".join(spec["info"].get("description", "").split())),
        "groups": [{"name": name, "operations": operations} for name, operations in groups.items()],
        "shapes": [_shape(name, schema) for name, schema in sorted(schemas.items())],
    }


def shape(schema: dict[str, Any] | None) -> Markup:
    """Return a JSON schema's short name, linked to the schema's description if it has one."""
    if not schema:
        return Markup("")
    if "$ref" in schema:
        name = str(schema["$ref"]).removeprefix(_REFERENCE)
        return Markup('<a href="#shape-{}">{}</a>').format(name, name)
    for word in ("oneOf", "anyOf", "allOf"):
        if word in schema:
            return Markup(" | ").join(shape(part) for part in schema[word])
    kind = schema.get("type", "")
    if kind == "array" or (isinstance(kind, list) and "array" in kind):
        return Markup("{}[]").format(shape(schema.get("items")))
    names = [str(one) for one in kind] if isinstance(kind, list) else [str(kind)] if kind else ["any"]
    limits = ", ".join(_limits(schema))
    named = Markup("<code>{}</code>").format(" | ".join(names))
    return named + Markup(' <span class="dim">{}</span>').format(limits) if limits else named


def _limits(schema: dict[str, Any]) -> Iterator[str]:
    if "format" in schema:
        yield str(schema["format"])
    if "enum" in schema:
        yield " | ".join("null" if value is None else str(value) for value in schema["enum"])
    low, high = schema.get("minimum", schema.get("minLength")), schema.get("maximum", schema.get("maxLength"))
    if low is not None or high is not None:
        yield f"{'' if low is None else low}…{'' if high is None else high}"
    if schema.get("default") is not None:
        yield f"= {schema['default']}"


def _operation(base: str, path: str, method: str, operation: dict[str, Any]) -> dict[str, Any]:
    return {
        "group": (operation.get("tags") or ["API"])[0],
        "anchor": operation.get("operationId") or f"{method}-{path.strip('/').replace('/', '-')}",
        "path": base + path,
        "short": path,
        "method": method,
        "summary": operation.get("summary", ""),
        "description": _lines(operation.get("description", "")),
        "parameters": [
            {
                "name": parameter["name"],
                "where": parameter["in"],
                "required": parameter.get("required", False),
                "type": parameter.get("schema"),
                "description": _lines(parameter.get("description", parameter.get("schema", {}).get("description", ""))),
            }
            for parameter in operation.get("parameters", ())
        ],
        "body": _content(operation.get("requestBody", {})),
        "answers": [
            {"status": status, "type": _content(answer), "description": _lines(answer.get("description", ""))}
            for status, answer in operation.get("responses", {}).items()
        ],
    }


def _content(holder: dict[str, Any]) -> dict[str, Any] | None:
    for media in holder.get("content", {}).values():
        found: dict[str, Any] | None = media.get("schema")
        return found
    return None


def _lines(description: str) -> Markup:
    """Return a description, a list of lines «- `code`: words», as HTML lines with marked codes."""
    shown = []
    for line in description.splitlines():
        parts = str(escape(line.removeprefix("- "))).split("`")
        marked = (f"<code>{part}</code>" if number % 2 else part for number, part in enumerate(parts))
        shown.append(Markup("".join(marked)))  # noqa: S704 - every part was escaped above
    return Markup("<br>").join(shown)


def _shape(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    required = set(schema.get("required", ()))
    return {
        "name": name,
        "anchor": f"shape-{name}",
        "description": _lines(schema.get("description", "")),
        "fields": [
            {
                "name": field,
                "required": field in required,
                "type": inner,
                "description": _lines(inner.get("description", "")),
            }
            for field, inner in schema.get("properties", {}).items()
        ],
    }

"""Endpoints for the cinema's programs: by a scope of their token, with rows as newline-delimited JSON."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from aiohttp import web
from marshmallow import Schema

from api_service.api.endpoints import Endpoint
from api_service.api.ndjson import CONTENT_TYPE
from api_service.api.parsing import read_query
from api_service.app_keys import DATABASE, ISSUER
from api_service.database import Database
from api_service.identity import Program, Scope, current_program
from api_service.problems import (
    BODY_TOO_LARGE,
    INVALID_FIELDS,
    INVALID_JSON,
    TOO_MANY_ROWS,
    UNSUPPORTED_MEDIA_TYPE,
    Kind,
)

_FOR_PROGRAMS: Final = """\
- `program_required`: Only programs may do this; send a client-credentials token.
- `insufficient_scope`: The token does not grant the scope that `WWW-Authenticate` names."""


@dataclass(frozen=True)
class ProgramCall:
    """One call by a program."""

    request: web.Request
    program: Program
    query: Mapping[str, Any]

    @property
    def db(self) -> Database:
        return self.request.app[DATABASE]

    @property
    def issuer(self) -> str:
        """Whose subjects people are, where the call does not say."""
        return self.query.get("issuer") or self.request.app[ISSUER]


ProgramHandler = Callable[[ProgramCall], Awaitable[web.Response]]


@dataclass(frozen=True, kw_only=True)
class ProgramEndpoint(Endpoint):
    """One method of one path, for programs with any of ``scopes``.

    ``headers`` are those it reads, each with what it is for and its JSON Schema. ``rows`` and ``row_results`` describe
    a line of what comes and goes as rows, ``files`` are the media types of a body that is taken as it is; the handler
    reads them by itself.
    """

    handler: Any
    scopes: tuple[Scope, ...]
    document: Schema | None = None
    rows: Schema | None = None
    row_results: Schema | None = None
    files: tuple[str, ...] = ()
    headers: Mapping[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    examples: Mapping[str, Any] = field(default_factory=dict)

    async def answer(self, request: web.Request) -> web.Response:
        program = await current_program(request, *self.scopes)
        query = await read_query(request, self.query) if self.query else {}
        answer: web.Response = await self.handler(ProgramCall(request, program, query))
        return answer

    @property
    def forbidden(self) -> str:
        return _FOR_PROGRAMS

    def describe(self, operation: dict[str, Any]) -> None:
        """Add to the operation's description what only programs' endpoints have."""
        operation["security"] = [{"program": list(self.scopes)}]
        for name, (description, schema) in self.headers.items():
            operation["parameters"].append(
                {"in": "header", "name": name, "required": False, "schema": schema, "description": description}
            )
        sent = self.rows or self.document
        if sent is not None:
            kind = CONTENT_TYPE if self.rows else "application/json"
            operation["requestBody"] = {"required": True, "content": {kind: self._content(sent, "request")}}
        if self.files:
            described = {"schema": {"type": "string", "format": "binary"}, "example": self.examples["request"]}
            operation["requestBody"] = {"required": True, "content": dict.fromkeys(self.files, described)}
        if self.row_results is not None:
            content = self._content(self.row_results, "response")
            operation["responses"][str(int(self.status))]["content"] = {CONTENT_TYPE: content}

    def refusals(self) -> Iterator[Kind]:
        """Yield the problems of what these endpoints read by themselves."""
        if self.rows is not None:
            yield from (TOO_MANY_ROWS, UNSUPPORTED_MEDIA_TYPE)
        if self.document is not None:
            yield from (INVALID_JSON, BODY_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE)
        if self.files:
            yield from (BODY_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE)
        if self.document is not None or self.files or self.headers:
            yield INVALID_FIELDS

    def _content(self, schema: Schema, example: str) -> dict[str, Any]:
        return {"schema": schema, **({"example": self.examples[example]} if example in self.examples else {})}


class ProgramEndpoints:
    """The endpoints of one resource for programs."""

    def __init__(self, tag: str, *scopes: Scope) -> None:
        self._tag = tag
        self._scopes = scopes
        self._found: list[ProgramEndpoint] = []

    def __iter__(self) -> Iterator[ProgramEndpoint]:
        return iter(self._found)

    def add(
        self,
        method: str,
        path: str,
        *,
        query: type[Schema] | None = None,
        status: HTTPStatus = HTTPStatus.OK,
        document: type[Schema] | None = None,
        rows: Schema | None = None,
        row_results: type[Schema] | None = None,
        files: tuple[str, ...] = (),
        gives: type[Schema] | None = None,
        problems: tuple[Kind, ...] = (),
        headers: Mapping[str, tuple[str, dict[str, Any]]] | None = None,
        examples: Mapping[str, Any] | None = None,
    ) -> Callable[[ProgramHandler], ProgramHandler]:
        """Add the decorated handler; its docstring is the endpoint's description."""

        def register(handler: ProgramHandler) -> ProgramHandler:
            self._found.append(
                ProgramEndpoint(
                    method=method,
                    path=path,
                    handler=handler,
                    tag=self._tag,
                    query=query() if query else None,
                    body=None,
                    takes_key=False,
                    status=status,
                    gives=gives() if gives else None,
                    problems=problems,
                    scopes=self._scopes,
                    document=document() if document else None,
                    rows=rows,
                    row_results=row_results() if row_results else None,
                    files=files,
                    headers=headers or {},
                    examples=examples or {},
                )
            )
            return handler

        return register

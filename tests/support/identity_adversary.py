"""A provider whose every answer a test can falsify: what a broken or malicious one could send."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import jwt
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from deploy.local.free_ports import free_port
from tests.support.identity_fixtures import AUDIENCE, CLIENT_ID


class Adversary:
    """Signs like a good provider until told otherwise; counts what it is asked for."""

    def __init__(self) -> None:
        self.port = free_port()
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.metadata: dict[str, Any] = {}
        self.asked: Counter[str] = Counter()
        self.connection_kept: bool | None = None
        self.token_answer: Any = {}
        self.token_status = 200
        self.token_headers: dict[str, str] = {}
        self.userinfo: dict[str, Any] = {}
        self.introspected: dict[str, dict[str, Any]] = {}  # by token
        self.keys = [{**public_jwk(self.key), "kid": "good", "use": "sig", "alg": "ES256"}]

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def id_claims(self, nonce: str | None, **changes: Any) -> dict[str, Any]:
        """Claims of a good ID token; a change to None leaves the claim out."""
        now = int(time.time())
        good = {
            "iss": self.issuer,
            "sub": "mallory",
            "aud": CLIENT_ID,
            "exp": now + 300,
            "iat": now,
            "nonce": nonce,
            "name": "Mallory",
            "email": "mallory@example.com",
            "email_verified": True,
        }
        return without_none({**good, **changes})

    def access_claims(self, **changes: Any) -> dict[str, Any]:
        """Claims of a good access token (RFC 9068); a change to None leaves the claim out."""
        now = int(time.time())
        good = {
            "iss": self.issuer,
            "sub": "mallory",
            "aud": AUDIENCE,
            "exp": now + 300,
            "iat": now,
            "jti": str(uuid4()),
            "client_id": "program",
            "name": "Mallory",
        }
        return without_none({**good, **changes})

    def sign(
        self,
        claims: dict[str, Any],
        *,
        key: Any = None,
        kid: str = "good",
        typ: str = "JWT",
        headers: dict[str, str] | None = None,
    ) -> str:
        """Return a signed token; ``headers`` in place of the type, which may then be missing."""
        # PyJWT writes `typ: JWT` unless told to leave it out.
        given = {"typ": None, **headers} if headers is not None else {"typ": typ}
        return jwt.encode(claims, key or self.key, algorithm="ES256", headers={"kid": kid, **given})

    def unsigned(self, claims: dict[str, Any], typ: str = "JWT") -> str:
        return jwt.encode(claims, "", algorithm="none", headers={"kid": "good", "typ": typ})

    def signed_with_the_public_key(self, claims: dict[str, Any], typ: str = "JWT") -> str:
        """The classic confusion: HMAC with the public key, which everyone has, as the secret."""
        secret = self.key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        signed = f"{segment({'alg': 'HS256', 'kid': 'good', 'typ': typ})}.{segment(claims)}"
        return f"{signed}.{base64url(hmac.digest(secret, signed.encode(), hashlib.sha256))}"

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Adversary]:
        app = web.Application()
        app.add_routes(
            [
                web.get("/.well-known/openid-configuration", self._metadata),
                web.get("/keys", self._keys),
                web.post("/token", self._token),
                web.post("/elsewhere", self._token),
                web.get("/userinfo", self._userinfo),
                web.post("/introspect", self._introspect),
            ]
        )
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.port).start()
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _metadata(self, request: web.Request) -> web.Response:
        self.asked["metadata"] += 1
        good = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
        }
        return web.json_response(without_none({**good, **self.metadata}))

    async def _keys(self, request: web.Request) -> web.Response:
        self.asked["keys"] += 1
        return web.json_response({"keys": self.keys})

    async def _token(self, request: web.Request) -> web.Response:
        self.asked[request.path] += 1
        self.connection_kept = request.keep_alive
        if isinstance(self.token_answer, str):
            return web.Response(text=self.token_answer, status=self.token_status, headers=self.token_headers)
        return web.json_response(self.token_answer, status=self.token_status, headers=self.token_headers)

    async def _introspect(self, request: web.Request) -> web.Response:
        self.asked["introspect"] += 1
        assert request.headers["Authorization"].startswith("Basic ")
        token = str((await request.post())["token"])
        return web.json_response(self.introspected.get(token, {"active": False}))

    async def _userinfo(self, request: web.Request) -> web.Response:
        self.asked["userinfo"] += 1
        return web.json_response(self.userinfo, status=200 if self.userinfo else 401)


def public_jwk(key: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
    jwk: dict[str, Any] = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key()))
    return jwk


def without_none(claims: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in claims.items() if value is not None}


def segment(value: dict[str, Any]) -> str:
    return base64url(json.dumps(value).encode())


def base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

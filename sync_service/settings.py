"""The settings of this process, from its environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from uuid_utils import uuid4

from shared.settings import Environment
from sync_service.redis_client.address import EXAMPLES, StoreAddress, read_address

_PUBLIC_KEY = "main:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
_RESUME_KEY = "main:c2VjcmV0IGJ5dGVzLCBhdCBsZWFzdCB0aGlydHktdHdv"


@dataclass(frozen=True, slots=True)
class Settings:
    """Described in docs/operations.md."""

    redis: StoreAddress
    amqp_url: str
    host: str
    port: int
    ticket_verify_keys: Mapping[str, bytes]
    resume_keys: Mapping[str, bytes]
    allowed_origins: frozenset[str]
    partitions: int
    node_id: str
    log_level: str
    log_format: str


def settings(env: Environment) -> Settings:
    """Read the variables; complaints are collected by ``env``."""
    return Settings(
        redis=redis_setting(env),
        amqp_url=env.address("AMQP_URL", "amqp", "amqps", example="amqp://guest:guest@127.0.0.1:5672/"),
        host=env.text("SYNC_HOST", default="127.0.0.1", example="0.0.0.0"),  # noqa: S104 - an example for containers
        port=env.port("SYNC_PORT", default=8081),
        ticket_verify_keys=env.keys("TICKET_VERIFY_KEYS", size=32, example=_PUBLIC_KEY),
        resume_keys=env.keys("RESUME_KEYS", size=32, at_least=True, example=_RESUME_KEY),
        allowed_origins=frozenset(env.origins()),
        partitions=env.partitions(),
        node_id=env.parsed("NODE_ID", _node_id, default=uuid4().hex[:12], example="node-1"),
        log_level=env.choice("LOG_LEVEL", ("debug", "info", "warning", "error"), default="info"),
        log_format=env.choice("LOG_FORMAT", ("json", "console"), default="json"),
    )


def redis_setting(env: Environment) -> StoreAddress:
    """Read REDIS_URL."""
    return env.parsed("REDIS_URL", read_address, example=EXAMPLES[0])


def _node_id(text: str) -> str:
    if not text or any(mark in text for mark in " ,*\n"):
        raise ValueError("must have a character, and no space, comma or asterisk.")
    return text

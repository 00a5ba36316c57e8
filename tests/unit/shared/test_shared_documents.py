"""What docs/operations.md must not forget: every setting a service reads, every metric it shows."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text("utf-8")
SETTINGS = [ROOT / "shared" / "settings.py", *ROOT.glob("*_service/settings.py"), *ROOT.glob("*_service/*/settings.py")]
METRIC_KINDS = {"Counter", "Gauge", "Histogram", "Buckets", "CounterMetricFamily", "GaugeMetricFamily", "_by_label"}


def first_texts(module: Path, called: set[str] | None) -> Iterator[str]:
    """Return the first argument, if a text, of each call of ``called`` (None: of any method)."""
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        text = node.args[0].value
        if isinstance(text, str) and (name in called if called else isinstance(node.func, ast.Attribute)):
            yield text


VARIABLES = {text for module in SETTINGS for text in first_texts(module, None) if text.isupper()}
METRICS = {
    text
    for folder in ("shared", "api_service", "sync_service")
    for module in (ROOT / folder).rglob("*.py")
    for text in first_texts(module, METRIC_KINDS)
    if text.isidentifier()
}


def test_the_settings_and_metrics_are_found_at_all() -> None:
    assert {"DATABASE_URL", "OIDC_ISSUER", "REDIS_URL", "PARTITIONS"} <= VARIABLES
    assert {"outbox_oldest_seconds", "sync_gaps", "http_requests_total"} <= METRICS


@pytest.mark.parametrize("variable", sorted(VARIABLES))
def test_every_setting_is_documented(variable: str) -> None:
    assert f"`{variable}`" in OPERATIONS


@pytest.mark.parametrize("metric", sorted(METRICS))
def test_every_metric_is_documented(metric: str) -> None:
    assert f"`{metric}" in OPERATIONS

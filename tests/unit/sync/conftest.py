"""What several of these tests use."""

from __future__ import annotations

import pytest

from sync_service.delivery import fan_out

# Both of them where `make setup` has compiled the one in C.
LOOPS = {"python": fan_out.send_each_by_python, fan_out.PATH: fan_out.SEND_EACH}


@pytest.fixture(params=LOOPS)
def loop_of_fan_out(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Send events to sockets by one of the loops, and by the other one in another run."""
    monkeypatch.setattr(fan_out, "SEND_EACH", LOOPS[request.param])
    return str(request.param)

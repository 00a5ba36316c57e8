"""A right that was taken away counts at once on every node, also on one that has not heard of it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.clients import Disconnected, RoomClient
from tests.support.processes import RunProcess
from tests.support.sync_fixtures import Cinema, Crowd, SyncNode, start_node

Room = dict[str, Any]

# A node that learns nothing of what others do: no notification reaches its rooms, and it never compares heads.
DEAF = """
import runpy
from sync_service.live import live_room, recovery
live_room.LiveRoom.receive = lambda room, notification: None
recovery.HEADS_S = 3600.0
"""
# And one whose commits are not guarded by the rights that it decided on.
TRUSTING = (
    """
from dataclasses import replace
from sync_service.room import decide
decide.RULES = {command: replace(rule, reads=rule.reads - {"rights"}) for command, rule in decide.RULES.items()}
"""
    + DEAF
)
RUN = 'runpy.run_module("sync_service", run_name="__main__")\n'


class Party:
    """The owner on a node that hears, a moderator on one that does not know what the owner has just done."""

    def __init__(self, owner: RoomClient, moderator: RoomClient, viewer: RoomClient) -> None:
        self.owner = owner
        self.moderator = moderator
        self.viewer = viewer


Invite = Callable[[str], Any]


@pytest.fixture
def invite(
    run_process: RunProcess, cinema: Cinema, redis_url: str, amqp_url: str, crowd: Crowd
) -> Callable[[str], Any]:
    async def party(program: str) -> Party:
        here: SyncNode = start_node(run_process, cinema, redis_url, amqp_url)
        room = cinema.room(control="moderators")
        owner = await crowd.enter(here, room, room["owner"], "Owner")
        viewer = await crowd.enter(here, room, name="Viewer")
        moderator = await crowd.enter(here, room, name="Moderator")
        await owner.set_role(moderator.id, "moderator")
        await owner.play()
        await moderator.reaches(owner.point[1])
        deaf = start_node(run_process, cinema, redis_url, amqp_url, program=["python", "-c", program + RUN])
        await moderator.reconnect(url=deaf.url())
        assert moderator.me["role"] == "moderator"
        return Party(owner, moderator, viewer)

    return party


Deed = Callable[[Party], Any]
DEMOTED: dict[str, Deed] = {
    "seek": lambda party: party.moderator.seek(60_000),
    "pause": lambda party: party.moderator.pause(),
    "kick": lambda party: party.moderator.kick(party.viewer.id),
    "mute": lambda party: party.moderator.mute(party.viewer.id, 60),
    "set_role": lambda party: party.moderator.set_role(party.viewer.id, "guest"),
    "change_settings": lambda party: party.moderator.change_settings(locked=True),
}


async def test_the_next_command_of_a_demoted_one_is_refused_where_nobody_has_heard_of_it(invite: Invite) -> None:
    party = await invite(DEAF)
    for name, deed in DEMOTED.items():
        await party.owner.set_role(party.moderator.id, "moderator")
        await party.moderator.say("has to look again, and learns of it")
        await party.owner.set_role(party.moderator.id, "viewer")
        assert party.moderator.me["role"] == "moderator", "it has heard of it"
        assert (await deed(party))["code"] == "forbidden", name
    by_them = {event["type"] for event in party.owner.events if event["by"] == party.moderator.id}
    assert by_them <= {"member_joined", "said"}


async def test_the_next_word_of_a_muted_one_is_refused_where_nobody_has_heard_of_it(invite: Invite) -> None:
    party = await invite(DEAF)
    await party.owner.mute(party.moderator.id, 60)
    assert (await party.moderator.say("too late"))["code"] == "muted"


async def test_the_next_command_of_a_kicked_one_has_no_effect_where_nobody_has_heard_of_it(invite: Invite) -> None:
    party = await invite(DEAF)
    await party.owner.kick(party.moderator.id)
    assert party.moderator.close_code is None, "it has heard of it"
    with pytest.raises(Disconnected) as sent_out:
        await party.moderator.say("still here?")
    assert sent_out.value.code == 4403
    await party.owner.say("gone")
    assert [message["text"] for message in party.owner.messages] == ["gone"]
    with pytest.raises(Disconnected):
        await party.moderator.reconnect()
    assert party.moderator.received[-1]["code"] == "kicked"


TAKEN: dict[str, tuple[Deed, Deed]] = {
    "their role": (
        lambda party: party.owner.set_role(party.moderator.id, "viewer"),
        lambda party: party.moderator.seek(60_000),
    ),
    "their voice": (
        lambda party: party.owner.mute(party.moderator.id, 60),
        lambda party: party.moderator.say("and yet"),
    ),
    "their place": (
        lambda party: party.owner.kick(party.moderator.id),
        lambda party: party.moderator.say("and yet"),
    ),
}


@pytest.mark.parametrize("taken", TAKEN)
async def test_without_the_guard_of_the_rights_they_have_their_way(invite: Invite, taken: str) -> None:
    """The twin of the above: the failure that the guard prevents."""
    party = await invite(TRUSTING)
    take, deed = TAKEN[taken]
    await take(party)
    with contextlib.suppress(Disconnected):  # the node catches up as soon as it has committed, and finds out
        await deed(party)
    await party.owner.expect(lambda event: event["type"] in {"sought", "said"} and event["by"] == party.moderator.id)

"""docs/protocol.md says what the code says: every message, field, code, reason and right, and no other ones."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from marshmallow import Schema

from shared import tickets
from shared.events import journal, room_settings, rooms
from sync_service.protocol import values
from sync_service.protocol.client_messages import CLIENT
from sync_service.protocol.codes import ERRORS, CloseCode
from sync_service.protocol.event_messages import EVENTS, RoomEvent
from sync_service.protocol.server_messages import SERVER
from sync_service.protocol.values import CONTROLS, LEAVING, REASONS, ROLES
from sync_service.room.commands import (
    ChangeSettings,
    ComeBack,
    Command,
    DeleteMessage,
    Kick,
    Mute,
    Pause,
    Play,
    Report,
    Say,
    Seek,
    SetRate,
    SetRole,
    StepAside,
)
from sync_service.room.decide import RULES
from sync_service.room.permissions import RANKS, SETTING, lowest_role
from sync_service.room.state import ASIDE, CAPACITY_MOST, STARTS, WAIT_MOST_S, Rights, Settings

DOCUMENT = (Path(__file__).parents[3] / "docs" / "protocol.md").read_text()
VALUES: dict[str, type[Schema]] = {
    "you": values.YouSchema,
    "limits": values.LimitsSchema,
    "room": values.RoomSchema,
    "film": values.FilmSchema,
    "settings": values.SettingsSchema,
    "state": values.RoomStateSchema,
    "member": values.MemberSchema,
    "player": values.PlayerSchema,
    "aside": values.MemberAsideSchema,
    "message": values.ChatMessageSchema,
    "author": values.AuthorSchema,
}
COMMANDS: dict[str, type[Command]] = {
    "say": Say,
    "report": Report,
    "play": Play,
    "pause": Pause,
    "seek": Seek,
    "set_rate": SetRate,
    "aside": StepAside,
    "back": ComeBack,
    "mute": Mute,
    "kick": Kick,
    "set_role": SetRole,
}


def section(heading: str) -> str:
    """What stands under a heading, without the headings below it."""
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", DOCUMENT, re.MULTILINE | re.DOTALL)
    assert found, heading
    return found[1]


def rows(heading: str) -> list[list[str]]:
    """The cells of the rows of the table under a heading."""
    lines = [line for line in section(heading).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


def names(cell: str) -> list[str]:
    """What a cell names."""
    return re.findall(r"`([a-z_0-9]+)`", cell)


def column(heading: str, number: int = 0) -> list[str]:
    return [name for row in rows(heading) for name in names(row[number])]


def test_every_message_of_a_client_has_its_section() -> None:
    whole = DOCUMENT.split("\n## Client to server\n")[1].split("\n## ")[0]
    assert sorted(re.findall(r"^### `(\w+)`", whole, re.MULTILINE)) == sorted(CLIENT)


@pytest.mark.parametrize("type_", CLIENT)
def test_every_field_of_a_clients_message_is_told(type_: str) -> None:
    assert sorted(column(f"`{type_}`")) == sorted(CLIENT[type_].fields)
    for cells in rows(f"`{type_}`"):
        for name in names(cells[0]):
            required = CLIENT[type_].fields[name].required or (type_, name) in {
                ("hello", "ticket"),
                ("hello", "resume"),
            }
            assert ("optional" in cells[1]) is not required, name


@pytest.mark.parametrize("heading", ["Server to client", "Signals", "Events"])
def test_every_field_of_a_servers_message_is_told(heading: str) -> None:
    common = set(RoomEvent().fields) if heading == "Events" else set()
    for cells in rows(heading):
        for type_ in names(cells[0]):
            assert sorted(names(cells[1])) == sorted(set(SERVER[type_].fields) - common), type_


def test_every_message_of_the_server_is_told() -> None:
    assert sorted(column("Events")) == sorted(EVENTS)
    assert sorted(column("Server to client") + column("Signals")) == sorted(set(SERVER) - set(EVENTS))
    assert set(names(section("Events").split("|")[0])) == set(RoomEvent().fields)


def test_every_value_is_told() -> None:
    assert column("Values") == list(VALUES)
    for cells in rows("Values"):
        assert sorted(names(cells[1])) == sorted(VALUES[names(cells[0])[0]]().fields)
    assert sorted(column("The film")) == sorted(values.PlaybackSchema().fields)
    assert column("Settings") == list(values.SettingsSchema().fields)
    told = re.search(r"A message is \{(.*?)\}", section("The chat"), re.DOTALL)
    assert told
    assert names(told[1]) == list(values.ChatMessageSchema().fields)


def test_every_reason_is_told() -> None:
    assert sorted(column("Reasons")) == sorted(REASONS)
    assert set(column("Reasons", 1)) <= set(EVENTS)
    left = next(cells for cells in rows("Events") if cells[0] == "`member_left`")
    assert [name for name in names(left[2]) if name not in {"reason", "left_ms"}] == list(LEAVING)


def test_every_error_and_close_code_is_told() -> None:
    assert sorted(column("Error codes")) == sorted(ERRORS)
    assert [(int(cells[0]), names(cells[1])) for cells in rows("Close codes")] == [
        (int(code), [code.name.lower()]) for code in CloseCode
    ]
    closes = {
        int(code) for text in (cells[1] for cells in rows("Error codes")) for code in re.findall(r"4\d\d\d", text)
    }
    assert closes <= {int(code) for code in CloseCode}


def test_the_settings_begin_as_told() -> None:
    first = {names(cells[0])[0]: cells[2] for cells in rows("Settings")}
    settings = Settings()
    for name in sorted(set(SETTING) - {"control", "capacity"}):
        assert first[name] == str(getattr(settings, name)).lower()


def test_the_words_for_roles_and_control_are_those_of_tickets_and_events() -> None:
    assert (ROLES, ROLES[1:], CONTROLS) == (tickets.ROLES, journal.LIVE_ROLES, rooms.CONTROLS)


def test_the_bounds_of_settings_and_the_reasons_of_stepping_aside_are_those_of_events() -> None:
    bounds = journal.ASIDE_REASONS, room_settings.MEMBERS_MOST, room_settings.WAIT_MOST_S, room_settings.STARTS
    assert bounds == (ASIDE, CAPACITY_MOST, WAIT_MOST_S, STARTS)
    settings = Settings()
    defaults = room_settings.SETTINGS_DEFAULTS
    assert {name: getattr(settings, name) for name in defaults} == defaults


def roles_of(cells: list[str]) -> list[str]:
    assert [word in {"yes", "no", "host"} for word in cells[1:]] == [True] * 4
    return [role for role, word in zip(reversed(ROLES), cells[1:], strict=True) if word == "yes"]


def from_(lowest: str) -> list[str]:
    return [role for role in reversed(ROLES) if RANKS[role] >= RANKS[lowest]]


def lowest_of(command: type[Command], control: str = "everyone") -> str:
    lowest = RULES[command].lowest
    assert lowest is not None
    return lowest_role(Rights("owner", Settings(control=control)), lowest)


def test_rights_are_as_told() -> None:
    told: dict[str, list[str]] = {}
    for cells in rows("Roles"):
        where = re.search(r"where `control` is `(\w+)`", cells[0])
        for name in names(cells[0].split(" where ")[0]):
            told[f"{name} {where[1]}" if where else name] = roles_of(cells)
    for name, command in COMMANDS.items():
        for control in CONTROLS:
            lowest = lowest_of(command, control)
            moves_film = name in {"play", "pause", "seek", "set_rate"}
            assert told[f"{name} {control}" if moves_film else name] == from_(lowest), name
    for setting, lowest in SETTING.items():
        assert told[setting] == from_(lowest)
    assert lowest_of(ChangeSettings) == min(SETTING.values(), key=lambda role: RANKS[role])
    assert lowest_of(DeleteMessage) == "guest"


def test_every_link_within_the_document_leads_somewhere() -> None:
    anchors = {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", DOCUMENT, re.M)
    }
    assert {"acting", "error-codes"} <= anchors
    assert set(re.findall(r"\]\(#([^)]*)\)", DOCUMENT)) <= anchors
    files = [link for link in re.findall(r"\]\(([^)#]+)\)", DOCUMENT) if "://" not in link]
    assert files
    for link in files:
        assert (Path(__file__).parents[3] / "docs" / link).exists(), link

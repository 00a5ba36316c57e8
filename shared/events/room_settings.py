"""Settings of a room beside control and capacity, in what the API decides and in what the live room tells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from marshmallow import fields, validate

from shared.events.payload import PayloadSchema
from shared.json_fields import TrueOrFalse, WholeNumber

# The settings of a room that leaves them out.
SETTINGS_DEFAULTS: Final[Mapping[str, Any]] = {
    "locked": False,
    "slow_mode_s": 0,
    "hold": True,
    "hold_max_s": 10,
    "early_start": False,
    "start": "at_once",
    "start_when_ready": 0,
    "wait_ad_s": 0,
    "wait_away_s": 0,
    "wait_until_members": 200,
    "snap_on_pause": True,
    "guests": "nobody",
}
# What people without an account may do in a room that is open by link; ``nobody`` lets none of them in.
GUESTS: Final = ("nobody", "watch", "chat")
WAIT_MOST_S: Final = 300
STARTS: Final = ("at_once", "together", "at")
MEMBERS_MOST: Final = 200


def _locked(*, required: bool = False) -> TrueOrFalse:
    described = {"description": "Nobody new is let in."}
    return TrueOrFalse(required=required, metadata=described)


def _slow_mode_s(*, required: bool = False) -> WholeNumber:
    described = {"description": "How many seconds lie between two messages of one person."}
    return WholeNumber(required=required, validate=validate.Range(0, 300), metadata=described)


def _hold(*, required: bool = False) -> TrueOrFalse:
    described = {"description": "The film waits for whoever buffers."}
    return TrueOrFalse(required=required, metadata=described)


def _hold_max_s(*, required: bool = False) -> WholeNumber:
    described = {"description": "How many seconds it waits at most."}
    return WholeNumber(required=required, validate=validate.Range(1, 60), metadata=described)


class _LaterSettingsSchema(PayloadSchema):
    """Settings that earlier versions do not have, and so may leave out everywhere."""

    early_start = TrueOrFalse(
        metadata={"description": "Others than the owner may start a planned film before its time."}
    )
    start = fields.String(
        validate=validate.OneOf(STARTS),
        metadata={
            "description": "How the film starts: once somebody is ready, out of a lobby, or at the planned moment."
        },
    )
    start_when_ready = WholeNumber(
        validate=validate.Range(0, MEMBERS_MOST),
        metadata={"description": "With so many people, all ready, a lobby starts the film by itself; 0: never."},
    )
    wait_ad_s = WholeNumber(
        validate=validate.Range(0, WAIT_MOST_S),
        metadata={"description": "How many seconds the film waits at most for a viewer in an advertisement."},
    )
    wait_away_s = WholeNumber(
        validate=validate.Range(0, WAIT_MOST_S),
        metadata={"description": "How many seconds the film waits at most for a viewer who has stepped out."},
    )
    wait_until_members = WholeNumber(
        validate=validate.Range(1, MEMBERS_MOST),
        metadata={"description": "With more people than this in the room the film waits for nobody."},
    )
    snap_on_pause = TrueOrFalse(metadata={"description": "A pause is at the place of the player of whoever paused."})
    guests = fields.String(
        validate=validate.OneOf(GUESTS),
        metadata={
            "description": "What people without an account may do, where the link lets in: nothing, watch, or chat too."
        },
    )


class RoomSettingsSchema(_LaterSettingsSchema):
    """A room's settings beside control and capacity; one that is left out has its default."""

    locked = _locked()
    slow_mode_s = _slow_mode_s()
    hold = _hold()
    hold_max_s = _hold_max_s()


class LiveSettingsSchema(_LaterSettingsSchema):
    locked = _locked(required=True)
    slow_mode_s = _slow_mode_s(required=True)
    hold = _hold(required=True)
    hold_max_s = _hold_max_s(required=True)

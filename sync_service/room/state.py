"""The state of a room at one moment: immutable, so that a decision can be tried and thrown away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from functools import cached_property
from typing import Any, Final

from sync_service.room.playback import Playback
from sync_service.room.player import SILENT, Player, together
from sync_service.room.value import value

CAPACITY_MOST: Final = 200
WAIT_MOST_S: Final = 300
STARTS: Final = ("at_once", "together", "at")
# What guests, people without an account, may do: nothing, watch, or chat too.
GUESTS: Final = ("nobody", "watch", "chat")
# In slow mode a member's last message is at most one message of each other member back.
MESSAGES_KEPT: Final = CAPACITY_MOST
MESSAGES_SHOWN: Final = 50  # in the snapshot that a newcomer receives
# Why a member leaves the shared timeline: out of the room; hearing a place again; an interstitial of the cinema in
# their player; watching on by themselves.
ASIDE: Final = ("away", "rewatch", "ad", "alone")


@value(frozen=True, slots=True)
class Aside:
    """A member's player follows the room no longer: the ``reason`` (ASIDE), since when, and where the film was."""

    reason: str
    since_ms: int
    position_ms: int


@value(frozen=True, slots=True)
class Member:
    """A person in the room, once, however many tabs they have; a visit lasts from joining to leaving.

    ``muted_until_ms`` repeats ``Rights.muted``, ``aside`` ``Rights.asides``. ``holds`` are the moments (ms) of the
    holds that count against their budget. ``players`` is what their players say, by node; ``ready``, ``rtt_ms``,
    ``buffering``, ``waits``, ``duration_ms``, ``second_screen`` and ``visible`` are what these come to
    (player.py). People with one ``look`` have names that look alike. A ``guest`` has no account, whatever their role.
    """

    id: str
    name: str
    role: str
    ready: bool
    rtt_ms: int
    joined_ms: int
    visit_id: str
    buffering: bool = False
    muted_until_ms: int | None = None
    waits: bool = True
    holds: tuple[int, ...] = ()
    duration_ms: int | None = None
    second_screen: bool = False
    visible: bool = True
    players: Mapping[str, Player] = field(default_factory=dict)
    aside: Aside | None = None
    look: str = ""
    guest: bool = False

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> Member:
        """Return the member that this JSON object describes."""
        players = {node: Player.read(player) for node, player in raw["players"].items()}
        aside = raw.get("aside")
        aside = None if aside is None else Aside(**aside)
        return cls(**{**raw, "holds": tuple(raw["holds"]), "players": players, "aside": aside})

    def with_player(self, node: str, says: Player | None) -> Member:
        """Return the member whose players on this node say so, all together; None: none is left there."""
        players = {other: player for other, player in self.players.items() if other != node}
        if says is not None:
            players[node] = says
        return self._with(players)

    def without_film(self) -> Member:
        """Return the member none of whose players has the film: it is another one now. Whoever is away stays so."""
        players = {
            node: Player(waits=player.waits, rtt_ms=player.rtt_ms, second_screen=player.second_screen)
            for node, player in self.players.items()
        }
        return replace(self._with(players), aside=self.aside if self.aside and self.aside.reason == "away" else None)

    def _with(self, players: Mapping[str, Player]) -> Member:
        players = {node: player for node, player in players.items() if player != SILENT}
        all_ = together(players.values())
        return replace(
            self,
            ready=all_.ready,
            rtt_ms=all_.rtt_ms,
            buffering=all_.buffering,
            waits=all_.waits,
            duration_ms=all_.duration_ms,
            second_screen=all_.second_screen,
            visible=all_.visible,
            players=players,
        )

    @property
    def is_dry(self) -> bool:
        """Whether a player of theirs has run dry that wants to be waited for."""
        return self.buffering and self.waits


class Members(dict[str, Member]):
    """The members by id; never changed, so that what is derived from all of them is computed once."""

    @cached_property
    def highest_rtt_ms(self) -> int:
        """The highest round trip of a member who follows the film, as a bucket; 0 where nobody does."""
        return max((member.rtt_ms for member in self.values() if member.aside is None), default=0)


@value(frozen=True, slots=True)
class Message:
    """A chat message; ``position_ms`` is where the film ``film_id`` was when it was sent. A deleted one has no text.

    ``author`` is {id, name}, and ``guest`` true of one without an account.

    ``edited_ms`` is when its author last wrote it anew, ``reactions`` who reacted to it, by emoji; ``revision`` counts
    its changes, each of which the store takes only after the one before it.
    """

    id: str
    author: Mapping[str, Any]
    text: str
    position_ms: int
    sent_ms: int
    reply_to: str | None = None
    film_id: str | None = None
    deleted: bool = False
    edited_ms: int | None = None
    reactions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    revision: int = 0

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> Message:
        """Return the message that this JSON object describes."""
        return cls(**{**raw, "reactions": {emoji: tuple(ids) for emoji, ids in raw.get("reactions", {}).items()}})


@value(frozen=True, slots=True)
class Settings:
    """What members may change in a live room (``permissions.SETTING`` says who); ``hold_max_s`` bounds one hold.

    How the film starts (lobby.py): ``start``; with ``early_start`` others than the owner may start it out of a lobby or
    before its time; ``start_when_ready`` is with how many people, all ready, a lobby starts it by itself, 0 means
    never. ``wait_ad_s`` and ``wait_away_s`` bound the wait for a member aside for that reason, 0 means none; the room
    waits for nobody where more than ``wait_until_members`` are in it. With ``snap_on_pause`` a pause is at the place of
    whoever paused. ``guests`` (GUESTS) says what people without an account may do here.
    """

    control: str = "everyone"
    capacity: int = 50
    locked: bool = False
    slow_mode_s: int = 0
    hold: bool = True
    hold_max_s: int = 10
    early_start: bool = False
    start: str = "at_once"
    start_when_ready: int = 0
    wait_ad_s: int = 0
    wait_away_s: int = 0
    wait_until_members: int = CAPACITY_MOST
    snap_on_pause: bool = True
    guests: str = "nobody"


@value(frozen=True, slots=True)
class Rights:
    """The settings, and what was decided about single people, here or not; each mapping is by the person's id.

    ``roles``: the roles that were set here, in the place of the ticket's; ``muted``: until when (ms); ``kicked``: when
    (ms), which voids every session that began before; ``bans``: the version of the room that banned, negative where it
    lifted the ban; ``revoked``: the version that took their invitation back, which voids tickets and sessions of lower
    ones; ``asides``: who has stepped aside, kept for those whose connection is lost meanwhile. ``host`` acts for an
    owner who has been gone for a while. Sessions that began before ``since_ms`` are void; a locked room lets in
    sessions that began before ``locked_ms``.
    """

    owner: str
    settings: Settings
    roles: Mapping[str, str] = field(default_factory=dict)
    muted: Mapping[str, int] = field(default_factory=dict)
    kicked: Mapping[str, int] = field(default_factory=dict)
    bans: Mapping[str, int] = field(default_factory=dict)
    revoked: Mapping[str, int] = field(default_factory=dict)
    asides: Mapping[str, Aside] = field(default_factory=dict)
    host: str | None = None
    since_ms: int = 0
    locked_ms: int = 0

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> Rights:
        """Return the rights that this JSON object describes."""
        asides = {id_: Aside(**aside) for id_, aside in raw.get("asides", {}).items()}
        return cls(**{**raw, "settings": Settings(**raw["settings"]), "asides": asides})


@value(frozen=True, slots=True)
class Meta:
    """What the API says of the room; ``starts_at`` in ms or None, ``film`` {id, title, duration_ms}, the
    catalogue's length or None, ``title`` the room's own name or None.

    ``version`` is the API's when the room opened here, ``versions`` those at which it changed single fields later.
    """

    id: str
    code: str
    version: int
    film: Mapping[str, Any]
    access: str
    starts_at: int | None
    versions: Mapping[str, int] = field(default_factory=dict)
    title: str | None = None


@value(frozen=True, slots=True)
class Gone:
    """What is kept of those who have left: the latest disconnect among them, the owner's, and ``holds``.

    ``holds`` is the spent hold budget of members who left, so that rejoining does not reset it.
    """

    last_seen_ms: int = 0
    owner_ms: int = 0
    holds: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> Gone:
        """Return what this JSON object describes."""
        return cls(**{**raw, "holds": {id_: tuple(moments) for id_, moments in raw["holds"].items()}})


@value(frozen=True, slots=True)
class State:
    """A room at one moment; ``closed`` is the reason of a room that was closed."""

    meta: Meta
    rights: Rights
    playback: Playback
    members: Members = field(default_factory=Members)
    messages: tuple[Message, ...] = ()
    gone: Gone = Gone()
    closed: str | None = None

    @property
    def duration_ms(self) -> int | None:
        """The film's length: as its players agree, else by the catalogue; None where it has none."""
        length_ms = self.playback.length_ms
        return self.meta.film["duration_ms"] if length_ms is None else length_ms

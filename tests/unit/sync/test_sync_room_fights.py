"""Play and pause, back and forth: a room cools down those who undo each other, and nobody else."""

from __future__ import annotations

from sync_service.room.commands import Command, Pause, Play, Seek, SetRate
from sync_service.room.decide import decide
from sync_service.room.events import Refusal
from sync_service.room.evolve import evolve
from sync_service.room.film import FIGHT_COOLS_MS, FIGHT_MOST
from sync_service.room.state import State
from tests.unit.sync.rooms import applied, facts, playing, refused, says


def fight(room: State, moves: int, *, first: str = "anna", second: str = "boris", every_ms: int = 200) -> State:
    """One pauses, the other plays, so many times, from 1,000 ms on."""
    for n in range(moves):
        now_ms = 1_000 + n * every_ms
        room = applied(room, Pause(by=first) if n % 2 == 0 else Play(by=second), now_ms)
    return room


def test_a_few_corrections_are_nobodys_fight() -> None:
    room = fight(playing("boris", "anna"), FIGHT_MOST)
    assert room.playback.status == "playing"


def test_whoever_goes_on_has_to_wait_and_is_told_how_long() -> None:
    room = fight(playing("boris", "anna"), FIGHT_MOST)
    now_ms = 1_000 + FIGHT_MOST * 200
    told = refused(room, Pause(by="anna"), now_ms)
    assert told.code == "cooldown"
    assert told.retry_after_ms is not None
    assert 0 < told.retry_after_ms <= FIGHT_COOLS_MS
    assert refused(room, Pause(by="anna"), now_ms + told.retry_after_ms - 2).code == "cooldown"
    assert applied(room, Pause(by="anna"), now_ms + told.retry_after_ms).playback.status == "paused"


def test_both_sides_are_cooled_alike() -> None:
    room = fight(playing("boris", "anna"), FIGHT_MOST - 1)
    assert room.playback.status == "paused"
    room = applied(room, Play(by="boris"), 1_700)
    assert refused(room, Pause(by="anna"), 1_800).code == "cooldown"
    cooled_ms = 1_800 + 2 * FIGHT_COOLS_MS
    room = fight(playing("boris", "anna"), FIGHT_MOST)
    room = applied(room, Pause(by="anna"), cooled_ms)
    assert facts(room, Play(by="boris"), cooled_ms + FIGHT_COOLS_MS) != ()


def test_one_may_take_back_ones_own_wish_at_any_time() -> None:
    room = fight(playing("boris", "anna"), FIGHT_MOST)
    for n in range(10):
        room = applied(room, Pause(by="boris") if n % 2 == 0 else Play(by="boris"), 2_000 + n)


def test_friends_who_take_turns_unhurriedly_are_never_refused() -> None:
    room = playing("boris", "anna")
    for n in range(40):
        room = applied(room, Pause(by="anna") if n % 2 == 0 else Play(by="boris"), FIGHT_COOLS_MS * (n + 1))


def test_whoever_keeps_order_ends_a_fight() -> None:
    room = fight(playing("boris", "anna", "moderator", "owner"), FIGHT_MOST)
    assert applied(room, Pause(by="moderator"), 1_900).playback.status == "paused"
    assert applied(room, Pause(by="owner"), 1_900).playback.status == "paused"


def test_a_seek_or_a_rate_does_not_smuggle_ones_wish_past_the_cooldown() -> None:
    """A seek just before makes nobody the author of the pause that they undo."""

    def smuggled(room: State, now_ms: int, *orders: Command) -> tuple[State, bool]:
        for order in orders:
            outcome = decide(room, order, now_ms)
            if isinstance(outcome, Refusal):
                return room, False
            for event in outcome:
                room = evolve(room, event)
        return room, True

    room, moves = playing("boris", "anna"), 0
    for n in range(20):
        by: str = "anna" if n % 2 == 0 else "boris"
        wish = Pause(by=by) if n % 2 == 0 else Play(by=by)
        cover = Seek(by=by, position_ms=n) if n % 3 else SetRate(by=by, rate=1 + n / 100)
        room, through = smuggled(room, 1_000 + n, cover, wish)
        moves += through
        if not through:
            break
    assert moves == FIGHT_MOST


def test_what_the_room_did_by_itself_is_nobodys_wish() -> None:
    room = playing("boris", "anna", "vera")
    dry = says("boris", buffering=True)
    room = applied(applied(room, dry, 10_000), Pause(by="anna"), 10_001)
    room = applied(room, says("boris", buffering=False), 10_002)
    room = applied(applied(room, Play(by="anna"), 10_003), dry, 10_004)
    room = applied(room, Play(by="vera"), 10_005)
    assert (room.playback.reason, room.playback.heat) == ("hold_skipped", 0)
    room = applied(room, says("boris", buffering=False), 10_006)
    room = applied(applied(room, dry, 10_007), says("boris", buffering=False), 10_008)
    room = applied(room, Pause(by="anna"), 10_009)
    assert room.playback.heat == 0


def test_playing_an_ended_film_again_undoes_nothing() -> None:
    room = playing("anna", "boris")
    assert applied(room, Play(by="boris"), 1_000_000).playback.heat == 0

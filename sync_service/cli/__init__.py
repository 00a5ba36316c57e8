"""The commands of `python -m sync_service`: what is live just now, for whoever runs the service."""

from collections.abc import Sequence
from typing import Final

from shared.command_line import SERVE, Command
from shared.command_line import main as run
from shared.dead_letters import dead_letter_commands
from sync_service.broker import room_events
from sync_service.cli import journal, rooms, serving
from sync_service.cli.resources import amqp_url

COMMANDS: Final = (
    Command(SERVE, serving.serve_sync),
    Command("rooms list", rooms.list_rooms, rooms.list_arguments),
    Command("rooms show", rooms.show_room, rooms.show_arguments),
    Command("journal list", journal.list_waiting),
    *dead_letter_commands(amqp_url, (room_events.QUEUE,)),
)
_ABOUT: Final = (
    "The live rooms; settings come from the environment, as docs/operations.md lists them. Without a command it serves."
)


def main(arguments: Sequence[str]) -> int:
    """Run the command that ``arguments`` name and return the exit code."""
    return run("python -m sync_service", _ABOUT, COMMANDS, arguments)

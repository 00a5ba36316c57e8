"""The commands of `python -m api_service`: whoever runs the service does with them what no page offers."""

from collections.abc import Sequence
from typing import Final

from api_service.broker import archive, deliveries, feed
from api_service.cli import feeding, outbox, people, rooms, seeding, serving, tokens
from api_service.cli.resources import amqp_url
from shared.broker import NOTIFICATIONS
from shared.command_line import SERVE, Command
from shared.command_line import main as run
from shared.dead_letters import dead_letter_commands

COMMANDS: Final = (
    Command(SERVE, serving.serve_api),
    Command("seed", seeding.seed_demo),
    Command("feed", feeding.feed_files, feeding.arguments),
    Command("rooms list", rooms.list_rooms, rooms.list_arguments),
    Command("rooms show", rooms.show_room, rooms.code_argument),
    Command("rooms close", rooms.close_room, rooms.code_argument),
    Command("people block", people.block, people.arguments),
    Command("people unblock", people.unblock, people.arguments),
    Command("people export", people.export_person, people.export_arguments),
    Command("people erase", people.erase, people.arguments),
    Command("outbox list", outbox.list_waiting, outbox.list_arguments),
    Command("outbox replay", outbox.replay, outbox.replay_arguments),
    *dead_letter_commands(amqp_url, (archive.QUEUE, feed.QUEUE, deliveries.QUEUE, NOTIFICATIONS)),
    Command("token", tokens.print_token, tokens.arguments),
)
_ABOUT: Final = (
    "The site and its API; settings come from the environment, as docs/operations.md lists them. Without a command it "
    "serves."
)


def main(arguments: Sequence[str]) -> int:
    """Run the command that ``arguments`` name and return the exit code."""
    return run("python -m api_service", _ABOUT, COMMANDS, arguments)

"""The command line of a service: one table of commands, and how their failures are told.

A command that fails ends with code 1 and one line on standard error; wrong settings with EX_CONFIG, wrong arguments
with 2 (argparse).
"""

from __future__ import annotations

import argparse
import asyncio
import inspect
import sys
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from shared.service import EX_CONFIG, Problem, configure_logging
from shared.settings import SettingsError

# Without any argument a service serves, as its containers start it.
SERVE: Final = "serve"


class CommandFailed(Exception):
    """Why a command could not do what it was asked to; the message says what helps."""


def _no_arguments(_parser: argparse.ArgumentParser) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Command:
    """One command: its words (`rooms list`), what runs it, and what adds its arguments.

    The docstring of ``run`` is the command's help.
    """

    name: str
    run: Callable[[argparse.Namespace], Awaitable[None] | None]
    arguments: Callable[[argparse.ArgumentParser], None] = _no_arguments


def main(prog: str, about: str, commands: Sequence[Command], arguments: Sequence[str]) -> int:
    """Run the command that ``arguments`` name, `serve` without any, and return the exit code."""
    chosen = _parser(prog, about, commands).parse_args(list(arguments) or [SERVE])
    try:
        work = chosen.run(chosen)
        if inspect.iscoroutine(work):
            configure_logging("error", "console")
            asyncio.run(work)
    except SettingsError as error:
        return _failed(f"{prog}: the settings are not right:\n{error}", EX_CONFIG)
    except Problem as problem:
        fields = "".join(f"\n  {error['field']}: {error['message']}" for error in problem.errors)
        return _failed(f"{prog}: {problem.detail} ({problem.code}){fields}")
    except CommandFailed as error:
        return _failed(f"{prog}: {error}")
    return 0


def say(line: str = "") -> None:
    """Print a line of a command's answer."""
    sys.stdout.write(f"{line}\n")


def say_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """Print rows below their head, in columns, and return how many there are."""
    lines = [tuple(head), *(tuple("-" if cell is None else str(cell) for cell in row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        say("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    return len(lines) - 1


def limit_argument(parser: argparse.ArgumentParser, default: int = 50) -> None:
    """Add `--limit`, the most that a command lists or moves."""
    parser.add_argument("--limit", type=_positive, default=default, metavar="N", help=f"at most so many ({default})")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _failed(reason: str, code: int = 1) -> int:
    sys.stderr.write(f"{reason}\n")
    return code


def _parser(prog: str, about: str, commands: Sequence[Command]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=prog, description=about)
    top = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    groups: dict[str, Any] = {}
    for command in commands:
        group, _, word = command.name.rpartition(" ")
        if group and group not in groups:
            words = [one.name.rpartition(" ")[2] for one in commands if one.name.startswith(f"{group} ")]
            of_group = top.add_parser(group, help=" | ".join(words))
            groups[group] = of_group.add_subparsers(title="commands", metavar="COMMAND", required=True)
        text = inspect.cleandoc(command.run.__doc__ or "")
        one = groups.get(group, top).add_parser(word, help=text.partition("\n")[0], description=text)
        command.arguments(one)
        one.set_defaults(run=command.run)
    return parser

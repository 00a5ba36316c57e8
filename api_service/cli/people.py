"""`people`: whom the cinema lets in, and what it has stored of them."""

import argparse
from pathlib import Path

from api_service.cli.resources import service
from api_service.usecases import erasing, people, sessions
from api_service.usecases.export import export
from shared.command_line import CommandFailed, say


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add who is meant."""
    parser.add_argument("subject", metavar="SUBJECT", help="`sub` of the person's tokens")
    parser.add_argument("--issuer", help="whose subject that is; unless given, OIDC_ISSUER")


async def block(options: argparse.Namespace) -> None:
    """Block a person: all their sessions end at once, with every socket, ticket and token."""
    async with service() as (db, settings):
        await sessions.block(db, options.issuer or settings.identity.issuer, options.subject)
    say(f"{options.subject} is blocked; what they have open ends as soon as a running service publishes it.")


async def unblock(options: argparse.Namespace) -> None:
    """Take a block back: the person may sign in again."""
    async with service() as (db, settings):
        await sessions.unblock(db, options.issuer or settings.identity.issuer, options.subject)
    say(f"{options.subject} may sign in again.")


def export_arguments(parser: argparse.ArgumentParser) -> None:
    """Add who is meant, and where the file goes."""
    arguments(parser)
    parser.add_argument("file", metavar="FILE", type=Path, help="the ZIP to write; must not exist yet")


async def export_person(options: argparse.Namespace) -> None:
    """Write all that is stored of a person into a ZIP, as docs/personal-data.md describes it."""
    async with service() as (db, settings):
        person = await people.known_person(db, options.issuer or settings.identity.issuer, options.subject)
        try:
            with options.file.open("xb") as file:
                async for piece in export(db, person.id):
                    file.write(piece)
        except OSError as error:
            raise CommandFailed(f"{options.file}: {error.strerror}") from None
    say(f"{options.file} has what is stored of {options.subject}.")


async def erase(options: argparse.Namespace) -> None:
    """Delete a person's account and all that names them, for good; their open rooms pass on, or close."""
    async with service() as (db, settings):
        issuer = options.issuer or settings.identity.issuer
        await erasing.erase_subject(db, settings.site, issuer, options.subject)
    say(f"{options.subject} is erased; live rooms forget them as soon as a running service publishes it.")

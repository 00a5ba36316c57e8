"""`people`: whom the cinema lets in."""

import argparse

from api_service.cli.resources import service
from api_service.usecases import sessions
from shared.command_line import say


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

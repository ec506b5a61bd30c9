"""`keepstep check`: prints what holds for destinations, and tries to reach them."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from console.configuration import lines
from console.operate.table import printable
from events.exits import BAD_CONFIGURATION, BROKER_UNREACHABLE, BadConfiguration
from events.settings import read as read_settings
from processors.correlation.calls import Find, Found
from processors.delivery.verdict import Rejected, RetryLater, Unavailable
from processors.destination import Destination, names, of_file
from processors.destination_file import environment, read
from processors.rest.client import Response, RestClient
from processors.settings import WorkerSettings

_ANSWERED = range(200, 400)
UNREACHABLE = BROKER_UNREACHABLE
# Nobody can have this address: RFC 2606 keeps the domain free.
NOBODY = "keepstep-check@example.invalid"


def check(
    name: Annotated[
        str | None, typer.Argument(help="a destination; all where none is named")
    ] = None,
) -> None:
    """Print each key with its value and origin, and try the connection by a look-up.

    Exits 0 where all is well, 2 where something must be corrected, 3 where the
    destination did not answer.
    """
    directory = read_settings(WorkerSettings).destinations_dir
    known = [name] if name is not None else names(directory)
    if not known:
        raise BadConfiguration(f"there is no destination in {directory}: write a file")
    codes = [_checked(one) for one in known]
    worst = BAD_CONFIGURATION if BAD_CONFIGURATION in codes else max(codes)
    raise typer.Exit(worst)


def _checked(name: str) -> int:
    directory = read_settings(WorkerSettings).destinations_dir
    try:
        file = read(directory, name, environment())
        destination = of_file(file)
    except BadConfiguration as error:
        typer.echo(f"keepstep check: {error}", err=True)
        return error.exit_code
    over = "" if file.preset is None else f", over {file.preset}"
    typer.echo(f"# {directory / file.file}{over}")
    for line in lines(file, destination):
        typer.echo(printable(line))
    if destination.lookup.user_id_field is None:
        typer.echo(
            f"keepstep check: {name}: no lookup.user_id_field: two users with one "
            "address end at one record",
            err=True,
        )
    code, said = judged(destination, asyncio.run(_tried(destination)))
    typer.echo(f"{name}: {printable(said)}", err=code != 0)
    return code


async def _tried(destination: Destination) -> Response:
    """Look for somebody who cannot be there: a read, and nothing is found."""
    key = "email" if "email" in destination.look_ups else "user_id"
    async with RestClient(
        destination, destination.lookup, lambda: True, targets=destination.fields
    ) as client:
        return await client.call(
            Find(NOBODY) if key == "email" else Find("keepstep|check", "user_id")
        )


def judged(  # noqa: PLR0911 -- one for each kind of answer
    destination: Destination, response: Response
) -> tuple[int, str]:
    """Return the exit code that an answer to the look-up stands for, and a sentence."""
    find = "find" if "email" in destination.look_ups else "find_by_user_id"
    asked = getattr(destination.requests, find)
    milliseconds = round(response.seconds * 1000)
    match response.meaning:
        case Found() if response.status == 404 and not asked.single:  # noqa: PLR2004 -- HTTP's number
            return BAD_CONFIGURATION, (
                f"HTTP 404 for a search: correct base_url or requests.{find}.path"
            )
        case Found():
            return 0, f"answered in {milliseconds} ms: ok"
        case Unavailable(cause="auth", reason=reason):
            return BAD_CONFIGURATION, f"refuses who we are ({reason}): correct [auth]"
        case Unavailable(reason=reason):
            return UNREACHABLE, f"cannot be reached ({reason}): start it, or wait"
        case RetryLater(reason="HTTP 403"):
            return BAD_CONFIGURATION, (
                "refuses the look-up (HTTP 403): give the credentials the right to it"
            )
        case RetryLater(reason=reason) if response.status in _ANSWERED:
            return BAD_CONFIGURATION, (f"{reason}: correct base_url or requests.{find}")
        case RetryLater(reason=reason):
            return UNREACHABLE, f"did not answer well ({reason}): try again"
        case Rejected(reason=reason):
            return BAD_CONFIGURATION, f"{reason}: correct requests.{find}"
        case other:
            raise AssertionError(type(other).__name__)  # a look-up has no other answer

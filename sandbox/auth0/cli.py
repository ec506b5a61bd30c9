"""The command line of the sender."""

import asyncio
import secrets
import signal
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from sandbox.auth0.delivery import Event
from sandbox.auth0.files import NotAnEvent, read_events
from sandbox.auth0.listeners import OnDelivery, listeners, screen
from sandbox.auth0.report import Report
from sandbox.auth0.sender import Pace, deliver
from sandbox.auth0.target import BadTarget, Target
from sandbox.auth0.users import Population, generate

app = typer.Typer(add_completion=False)


# A group stops at its first argument, unless interspersed options are allowed.
@app.callback(
    invoke_without_command=True,
    subcommand_metavar="",
    context_settings={"allow_interspersed_args": True},
)
def auth0(  # noqa: PLR0913, PLR0917 - each parameter is an option
    url: Annotated[str, typer.Argument(help="The webhook.")],
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            exists=True,
            help="Files with one CloudEvent each, or directories of .json files, sent "
            "byte for byte. Without any, events are generated.",
        ),
    ] = None,
    bearer: Annotated[
        str, typer.Option(envvar="KEEPSTEP_SANDBOX_AUTH0_BEARER", metavar="TOKEN")
    ] = "",
    basic: Annotated[
        str,
        typer.Option(envvar="KEEPSTEP_SANDBOX_AUTH0_BASIC", metavar="USER:PASSWORD"),
    ] = "",
    header: Annotated[
        str, typer.Option(envvar="KEEPSTEP_SANDBOX_AUTH0_HEADER", metavar="NAME=VALUE")
    ] = "",
    events: Annotated[int, typer.Option(min=1, help="How many to generate.")] = 1000,
    users: Annotated[int, typer.Option(min=1, help="Of how many users.")] = 100,
    rate: Annotated[float, typer.Option(min=0.01, help="Events per second.")] = 100.0,
    zipf: Annotated[
        float, typer.Option(min=0, help="0: all users alike; 1.1: a few are busy.")
    ] = 1.1,
    seed: Annotated[
        int | None,
        typer.Option(help="Equal seeds make equal ids and users; else a new one."),
    ] = None,
    duplicates: Annotated[
        float, typer.Option(min=0, max=1, help="Share that is sent again later.")
    ] = 0.0,
    connections: Annotated[int, typer.Option(min=1, max=1024)] = 16,
    timeout_seconds: Annotated[float, typer.Option(min=0.1)] = 10.0,
    record: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="Write one line of JSON per event sent."),
    ] = None,
) -> None:
    """Send events as Auth0 does: attempts after 0, 1, 2, 4 s; any 4XX is final.

    Exit code 0 when every event was delivered, 1 when not, 2 for wrong use.
    """
    try:
        target = target_of(url, bearer, basic, header)
        chosen, total = read_or_none(paths or [])
        if record is not None:
            record.write_bytes(b"")
    except (BadTarget, NotAnEvent, OSError) as error:
        raise typer.BadParameter(str(error)) from error
    if chosen is None:
        seed = secrets.randbits(32) if seed is None else seed
        print(f"seed       {seed}")
        population = Population(users, events, zipf, seed, duplicates, rate)
        chosen, total = generate(population), events if duplicates == 0 else None
    pace = Pace(rate, connections, timeout_seconds=timeout_seconds)
    with listeners(record, total) as on_delivery:
        report = uvloop.run(send(chosen, target, pace, on_delivery))
    tell(report)
    raise typer.Exit(0 if report.all_delivered else 1)


def target_of(url: str, bearer: str, basic: str, header: str) -> Target:
    """Return the target with the one credential that was given, if any."""
    if sum(map(bool, (bearer, basic, header))) > 1:
        raise BadTarget("give one of bearer, basic and header (or its variable)")
    if bearer:
        return Target.bearer(url, bearer)
    if basic:
        return Target.basic(url, basic)
    return Target.header(url, header) if header else Target(url)


def read_or_none(paths: list[Path]) -> tuple[Iterable[Event] | None, int | None]:
    """Return the events of the files and their number, None without files."""
    if not paths:
        return None, None
    found = read_events(paths)
    for skipped in found.skipped:
        screen.print(f"Skipped {skipped}: no single CloudEvent.", highlight=False)
    return found.events, len(found.events)


async def send(
    events: Iterable[Event], target: Target, pace: Pace, on_delivery: OnDelivery
) -> Report:
    """Deliver until done; SIGINT or SIGTERM lets attempts under way finish."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return await deliver(events, target, pace, on_delivery=on_delivery, stop=stop)


def tell(report: Report) -> None:
    """Print how it went."""
    print(f"delivered  {report.delivered}")
    print(f"failed     {report.failed}")
    for status, count in report.failures.items():
        print(f"  {status}: {count}")
    if report.unsent:
        print(f"not sent   {report.unsent}")
    print(f"attempts   {report.attempts}")
    print(f"answers    p50 {report.answer_p50_ms:.1f} ms, ", end="")
    print(f"p99 {report.answer_p99_ms:.1f} ms")
    print(f"rate       {report.delivered_per_second:.1f} delivered/s")
    print(f"time       {report.seconds:.1f} s")
    if report.disabled:
        print("The stream was disabled: too many events failed one after another.")

"""Whether a limit is used, and never exceeded: `python -m bench.budget`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console

from bench.budget import backlog, figures, fleet
from bench.delivery.process import NotWorking
from bench.ingest.missing import Missing
from bench.isolation.broker import broker
from events.exits import BadConfiguration
from events.kafka import KafkaSettings

console = Console()
say = console.print


class Part(StrEnum):
    """What is measured."""

    FULL = "full"
    FLEET = "fleet"
    BACKLOG = "backlog"


def main(
    *,
    part: Annotated[Part, typer.Option(help="what is measured")] = Part.FULL,
    users: Annotated[
        int, typer.Option(min=100, help="of the fleet; each has 5 events twice")
    ] = 2_000,
    phase_seconds: Annotated[
        float, typer.Option(min=5, help="with two workers, with three, and two again")
    ] = 45.0,
    events: Annotated[
        int, typer.Option(min=1_000, help="of the backlog; a fifth as many users")
    ] = 100_000,
    live_seconds: Annotated[
        float, typer.Option(min=5, help="that live events are measured")
    ] = 120.0,
    kafka: Annotated[
        str | None,
        typer.Option(
            help="host:port of a running broker; default: the sandbox's, started for "
            "this run"
        ),
    ] = None,
) -> None:
    """How workers use 190 calls in 10 s, and what a backlog does to live events.

    The CRM double refuses what is more, in any 10 s, as it arrives. Exits 0 when all
    bars are held, 1 when not or when a worker failed, 2 when something needed is
    missing.
    """
    found = figures.Figures()
    try:
        with broker(kafka) as address:
            settings = KafkaSettings(bootstrap_servers=address, replication_factor=1)
            if part is not Part.BACKLOG:
                plan = fleet.Plan(users, phase_seconds)
                found.fleet = fleet.measure(settings, plan, say)
            if part is not Part.FLEET:
                load = backlog.Plan(events, live_seconds)
                found.backlog = backlog.measure(settings, load, say)
    except (Missing, NotWorking, BadConfiguration) as error:
        say(str(error), markup=False, style="red")
        raise typer.Exit(1 if isinstance(error, NotWorking) else 2) from None
    rows = figures.rows(found)
    say(figures.table(rows))
    print(figures.result(found))
    raise typer.Exit(0 if all(row.held for row in rows) else 1)


if __name__ == "__main__":
    typer.run(main)

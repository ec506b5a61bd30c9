"""Whether a limit is used, and never exceeded: `python -m bench.budget`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console

from bench import running
from bench.budget import backlog, figures, fleet

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
    broker: running.Broker = None,
) -> None:
    """How workers use 190 calls in 10 s, and what a backlog does to live events.

    The CRM double refuses what is more, in any 10 s, as it arrives. Exits 0 when all
    bars are held, 1 when not or when a worker failed, 2 when something needed is
    missing.
    """
    found = figures.Figures()
    with running.kafka(broker, say) as settings:
        if part is not Part.BACKLOG:
            plan = fleet.Plan(users, phase_seconds)
            found.fleet = fleet.measure(settings, plan, say)
        if part is not Part.FLEET:
            load = backlog.Plan(events, live_seconds)
            found.backlog = backlog.measure(settings, load, say)
    rows = figures.rows(found)
    say(figures.table(rows))
    print(figures.result(found))
    raise typer.Exit(0 if all(row.held for row in rows) else 1)


if __name__ == "__main__":
    typer.run(main)

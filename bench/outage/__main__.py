"""A destination that is away for minutes: `python -m bench.outage`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from bench import running
from bench.outage import figures
from bench.outage.run import Plan, measure

console = Console()
say = console.print


def main(
    *,
    minutes: Annotated[float, typer.Option(min=0.1, help="that it is away")] = 10,
    events_per_second: Annotated[float, typer.Option(min=1, help="all along")] = 200,
    broker: running.Broker = None,
) -> None:
    """The CRM refuses connections under load, and comes back; what is left of it?

    Exits 0 when nothing is dead, parked or out of order and memory stays within 10 %,
    1 when not or when the worker failed, 2 when something needed is missing.
    """
    with running.kafka(broker, say) as settings:
        found = measure(settings, Plan(minutes, events_per_second), say)
    for line in figures.lines(found):
        say(line)
    print(figures.result(found))
    raise typer.Exit(0 if found.held else 1)


if __name__ == "__main__":
    typer.run(main)

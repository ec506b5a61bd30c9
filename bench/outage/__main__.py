"""A destination that is away for minutes: `python -m bench.outage`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from bench.delivery.process import NotWorking
from bench.ingest.missing import Missing
from bench.isolation.broker import broker
from bench.outage import figures
from bench.outage.run import Plan, measure
from events.exits import BadConfiguration
from events.kafka import KafkaSettings

console = Console()
say = console.print


def main(
    *,
    minutes: Annotated[float, typer.Option(min=0.1, help="that it is away")] = 10,
    events_per_second: Annotated[float, typer.Option(min=1, help="all along")] = 200,
    kafka: Annotated[
        str | None,
        typer.Option(
            help="host:port of a running broker; default: the sandbox's, started for "
            "this run"
        ),
    ] = None,
) -> None:
    """The CRM refuses connections under load, and comes back; what is left of it?

    Exits 0 when nothing is dead, parked or out of order and memory stays within 10 %,
    1 when not or when the worker failed, 2 when something needed is missing.
    """
    try:
        with broker(kafka) as address:
            settings = KafkaSettings(bootstrap_servers=address, replication_factor=1)
            found = measure(settings, Plan(minutes, events_per_second), say)
    except (Missing, NotWorking, BadConfiguration) as error:
        say(str(error), markup=False, style="red")
        raise typer.Exit(1 if isinstance(error, NotWorking) else 2) from None
    for line in figures.lines(found):
        say(line)
    print(figures.result(found))
    raise typer.Exit(0 if found.held else 1)


if __name__ == "__main__":
    typer.run(main)

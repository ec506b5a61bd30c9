"""Users that fail for ever beside others: `python -m bench.isolation`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from bench import running
from bench.isolation import figures
from bench.isolation.run import Plan, compare

console = Console()
say = console.print


def main(
    *,
    pairs: Annotated[int, typer.Option(min=1, help="with and without, in turn")] = 5,
    seconds: Annotated[float, typer.Option(min=1, help="per turn")] = 20,
    events_per_second: Annotated[
        float | None, typer.Option(min=1, help="default: half the greatest rate")
    ] = None,
    greatest_events: Annotated[
        int, typer.Option(min=1_000, help="to find the greatest rate with")
    ] = 10_000,
    broker: running.Broker = None,
) -> None:
    """One user in a hundred is answered 503 for ever; what do the others notice?

    The CRM double takes 20 ms for a call. Latency is from the offer of an event to the
    arrival of its call. Exits 0 when both bars are held, 1 when not or when a worker
    failed, 2 when something needed is missing.
    """
    plan = Plan(pairs, seconds, events_per_second, greatest_events)
    with running.kafka(broker, say) as settings:
        found = compare(settings, plan, say)
    say(figures.table(found))
    for line in figures.bars(found):
        say(line)
    print(figures.result(found))
    raise typer.Exit(0 if figures.held(found) else 1)


if __name__ == "__main__":
    typer.run(main)

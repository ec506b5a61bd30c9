"""Compares our worker with pyrallel-consumer in one run: `python -m bench.delivery`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from bench import running
from bench.delivery import figures
from bench.delivery.run import Plan, compare
from bench.delivery.scenario import scenarios

console = Console(width=140, soft_wrap=True)  # the table has many columns
say = console.print


def main(
    *,
    events: Annotated[int, typer.Option(min=1, help="uniform keys")] = 20_000,
    zipf_events: Annotated[
        int,
        typer.Option(help="Zipf keys, where the hottest user sets the pace; 0: none"),
    ] = 5_000,
    rounds: Annotated[
        int, typer.Option(min=1, help="of uniform keys and 20 ms, which decide")
    ] = 3,
    links: Annotated[int, typer.Option(help="to be acquired; 0: none")] = 1_000_000,
    broker: running.Broker = None,
) -> None:
    """Kafka → one PATCH per event → committed; ≤ 256 calls in flight, one worker.

    Exits 0 when our worker kept order and left the newest state behind, 1 when not or
    when a worker failed, 2 when something needed is missing.
    """
    plan = Plan(scenarios(events, zipf_events, rounds), links)
    with running.kafka(broker, say) as settings:
        found = compare(settings.bootstrap_servers, plan, say)
    say(figures.table(found.turns))
    for line in figures.bars(found):
        say(line)
    print(figures.result(found))
    raise typer.Exit(0 if found.correct else 1)


if __name__ == "__main__":
    typer.run(main)

"""Compares our webhook with two others in one run: `python -m bench.ingest`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Annotated

import typer
from rich.console import Console

from bench.ingest import cores, figures
from bench.ingest.cores import Cores, starting_on
from bench.ingest.load import find_wrk
from bench.ingest.missing import Missing
from bench.ingest.run import Plan, compare
from bench.ingest.server import NotWorking
from events.exits import BadConfiguration

console = Console()
say = console.print


def main(
    *,
    rounds: Annotated[int, typer.Option(min=1, help="per server")] = 3,
    seconds: Annotated[int, typer.Option(min=1, help="per round")] = 8,
    warm_up_seconds: Annotated[int, typer.Option(min=1, help="per server")] = 5,
    batched_express: Annotated[
        bool, typer.Option(help="a fourth server: Express that batches by hand")
    ] = False,
    kafka: Annotated[
        str | None,
        typer.Option(
            help="host:port of a running broker, which is not pinned to a core; "
            "default: the sandbox's, started for this run"
        ),
    ] = None,
) -> None:
    """Webhook POST → durable in Kafka → 202, 1.3 kB bodies, 64 connections.

    One server process on one core; wrk and the broker on the others. Exits 0 when
    every answer was 202 and every 202 is in Kafka, 1 when not, 2 when something
    needed is missing.
    """
    try:
        find_wrk()
        shared = cores.shared_out()
        with _broker(kafka, shared) as address:
            plan = Plan(rounds, seconds, warm_up_seconds, batched_express)
            found = compare(address, shared, plan, say)
    except (Missing, NotWorking, BadConfiguration) as error:
        say(str(error), markup=False, style="red")
        raise typer.Exit(1 if isinstance(error, NotWorking) else 2) from None
    say(figures.table(found))
    for line in figures.bars(found):
        say(line)
    print(figures.result(found))
    raise typer.Exit(0 if all(f.complete for f in found.values()) else 1)


@contextlib.contextmanager
def _broker(named: str | None, shared: Cores) -> Iterator[str]:
    if named is not None:
        yield named
        return
    from sandbox.kafka import Broker, KafkaMissing  # noqa: PLC0415 -- a named broker needs no Java

    try:
        with starting_on(shared.others):
            broker = Broker()
            broker.start()
    except KafkaMissing as error:
        raise Missing(str(error)) from None
    try:
        yield broker.bootstrap_servers
    finally:
        broker.stop()


if __name__ == "__main__":
    typer.run(main)

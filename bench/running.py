"""What every bench with a broker has in common: which one, and how it ends."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Annotated

import typer

from bench.delivery.process import NotWorking
from bench.ingest.missing import Missing
from events.exits import BadConfiguration
from events.kafka import KafkaSettings

Broker = Annotated[
    str | None,
    typer.Option(
        help="host:port of a running broker; default: the sandbox's, started for this "
        "run"
    ),
]


@contextlib.contextmanager
def kafka(named: str | None, say: Callable[[str], None]) -> Iterator[KafkaSettings]:
    """Give a broker until the context ends: the *named* one, or the sandbox's.

    Ends the program with 1 where a worker failed, with 2 where something is missing.
    """
    try:
        with _broker(named) as address:
            yield KafkaSettings(bootstrap_servers=address, replication_factor=1)
    except (Missing, NotWorking, BadConfiguration) as error:
        say(str(error))
        raise typer.Exit(1 if isinstance(error, NotWorking) else 2) from None


@contextlib.contextmanager
def _broker(named: str | None) -> Iterator[str]:
    if named is not None:
        yield named
        return
    from sandbox.kafka import Broker, KafkaMissing  # noqa: PLC0415 -- a named broker needs no Java

    started = Broker()
    try:
        started.start()
    except KafkaMissing as error:
        started.stop()
        raise Missing(str(error)) from None
    try:
        yield started.bootstrap_servers
    finally:
        started.stop()

"""`python -m processors worker <destination>`: keeps one destination in step."""

from __future__ import annotations

import asyncio
import sys

import structlog
import uvloop

from events import log
from events.exits import BadConfiguration, refuse
from events.kafka import KafkaSettings
from events.settings import InstallationSettings, read
from processors.destination import load
from processors.destination_file import environment, ledger_name
from processors.settings import WorkerSettings

PROGRAM = "keepstep worker"


def main(arguments: list[str] | None = None) -> None:
    """Run a worker until it is told to stop; exits 2 or 3 for bad configuration."""
    match sys.argv[1:] if arguments is None else arguments:
        case ["worker", name]:
            pass
        case _:
            refuse(PROGRAM, BadConfiguration("say: worker <destination>"))
    try:
        settings = read(WorkerSettings)
        installation = read(InstallationSettings)
        kafka = read(KafkaSettings)
        destination = load(settings.destinations_dir, name, environment())
        log.configure()
        ledger = ledger_name(name, destination.mode)
        structlog.contextvars.bind_contextvars(destination=ledger)
        # Late: Faust takes a second to import, and a bad setting is said at once.
        from processors import worker  # noqa: PLC0415

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            well = runner.run(
                worker.run(ledger, destination, settings, installation, kafka)
            )
    except* BadConfiguration as group:
        refuse(PROGRAM, _first(group))
    raise SystemExit(0 if well else 1)


def _first(error: BaseException) -> BadConfiguration:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, BadConfiguration)  # noqa: S101 -- except* sorted it
    return error


if __name__ == "__main__":
    main()

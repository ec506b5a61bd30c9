"""`python -m sandbox kafka`."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from sandbox.kafka.broker import Broker
from sandbox.kafka.missing import KafkaMissing

app = typer.Typer(add_completion=False)
STATE = Path(".sandbox/kafka")
TOOLS = Path(".sandbox/bin")


@app.callback(invoke_without_command=True)
def kafka(
    context: typer.Context,
    *,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: a free one")] = 0,
    directory: Annotated[Path, typer.Option(help="data and logs")] = STATE,
    fresh: Annotated[bool, typer.Option(help="remove earlier data first")] = False,
) -> None:
    """Run the real Apache Kafka until Ctrl-C; downloads it the first time."""
    if context.invoked_subcommand is not None:
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with Broker(directory, port=port, fresh=fresh) as broker:
            (directory / "bootstrap").write_text(broker.bootstrap_servers)
            broker.write_tools(TOOLS)
            typer.echo(f"Kafka ready at {broker.bootstrap_servers}, tools in {TOOLS}/")
            code = broker.wait()
    except KeyboardInterrupt:
        code = 0
    except KafkaMissing as error:
        typer.echo(f"kafka: {error}", err=True)
        code = 2
    sys.exit(code)


@app.command()
def lock() -> None:
    """Write jars.lock anew: which jars there are, and what each must be."""
    from sandbox.kafka.relock import relock  # noqa: PLC0415 -- needs the network

    typer.echo(f"{relock()} jars locked")

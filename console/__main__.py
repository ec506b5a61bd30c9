"""The `keepstep` command: everything that is started or asked goes through it."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from console import topics

app = typer.Typer(
    name="keepstep",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Keeps REST services in step with the users of an Auth0 tenant.",
)
app.add_typer(topics.app, name="topics")


@app.command()
def ingest() -> None:
    """Receive Auth0's webhook and publish each event to Kafka."""
    _become("ingest")


@app.command()
def worker(
    destination: Annotated[str, typer.Argument(help="name of a destination file")],
) -> None:
    """Keep one destination in step with the events."""
    _become("processors", "worker", destination)


@app.command()
def reference() -> None:
    """Print the reference page of all settings (docs/reference/settings.md)."""
    from console.reference import settings_page  # noqa: PLC0415 -- each loads its own

    typer.echo(settings_page(), nl=False)


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    add_help_option=False,
)
def sandbox(context: typer.Context) -> None:
    """Try it on one machine: `keepstep sandbox kafka|crm|auth0|story --help`."""
    from sandbox.__main__ import app as tree  # noqa: PLC0415 -- each loads its own

    tree(context.args, prog_name="keepstep sandbox")


def _become(*arguments: str) -> None:
    """Turn into a process of Keepstep: it lives for months, without a command line."""
    command = [sys.executable, "-m", *arguments]
    os.execv(command[0], command)  # noqa: S606 -- no shell is wanted


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()

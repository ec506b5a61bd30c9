"""The `keepstep` command: everything that is started or asked goes through it."""

from __future__ import annotations

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
    from ingest.__main__ import main as run  # noqa: PLC0415 -- each process loads its own

    run()


@app.command()
def worker(
    destination: Annotated[str, typer.Argument(help="name of a destination file")],
) -> None:
    """Keep one destination in step with the events."""
    from processors.__main__ import main as run  # noqa: PLC0415 -- as above

    run(["worker", destination])


@app.command()
def reference() -> None:
    """Print the reference page of all settings (docs/reference/settings.md)."""
    from console.reference import settings_page  # noqa: PLC0415 -- as above

    typer.echo(settings_page(), nl=False)


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    add_help_option=False,
)
def sandbox(context: typer.Context) -> None:
    """Try it on one machine: `keepstep sandbox kafka|crm|auth0|story --help`."""
    from sandbox.__main__ import app as tree  # noqa: PLC0415 -- as above

    tree(context.args, prog_name="keepstep sandbox")


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()

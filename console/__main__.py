"""The `keepstep` command: everything that is started or asked goes through it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Annotated, Literal, NoReturn

import typer
from typer._click.exceptions import (  # typer exports only their descendants
    NoArgsIsHelpError,
    UsageError,
)
from typer.core import TyperGroup
from typer.main import get_command

from console import check, rehearse, topics
from console.operate import (
    commands,
    deactivations,
    dead,
    link_files,
    linking,
    parked,
    review,
    standing,
    status,
    user,
)
from console.verify import command as verify
from events.exits import BadConfiguration, refuse

app = typer.Typer(
    name="keepstep",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Keeps REST services in step with the users of an Auth0 tenant.",
)
app.add_typer(topics.app, name="topics")
app.command()(check.check)
app.command("try")(rehearse.rehearsed)
app.command()(verify.verify)
app.command()(status.status)
app.command()(parked.parked)
app.command()(commands.release)
app.command()(commands.retry)
app.command()(commands.skip)
app.command()(standing.pause)
app.command()(standing.resume)
app.command()(user.user)
app.command()(linking.link)
app.command()(linking.unlink)
app.command()(linking.resync)
app.add_typer(link_files.app, name="links")
app.add_typer(dead.app, name="dead")
app.add_typer(deactivations.app, name="deactivations")
app.add_typer(review.app, name="review")


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
def reference(
    page: Annotated[
        Literal["settings", "destination-file", "commands"],
        typer.Argument(help="which page"),
    ] = "settings",
) -> None:
    """Print a page of docs/reference: settings, keys of a destination, or commands."""
    from console.commands_page import commands_page  # noqa: PLC0415 -- as above
    from console.destination_page import destination_page  # noqa: PLC0415 -- as above
    from console.reference import settings_page  # noqa: PLC0415 -- each loads its own

    pages: dict[str, Callable[[], str]] = {
        "settings": settings_page,
        "destination-file": destination_page,
        "commands": lambda: commands_page(tree()),
    }
    typer.echo(pages[page](), nl=False)


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    add_help_option=False,
)
def sandbox(context: typer.Context) -> None:
    """Try it on one machine: `keepstep sandbox --help`."""
    from sandbox.__main__ import app as tree  # noqa: PLC0415 -- each loads its own

    tree(context.args, prog_name="keepstep sandbox")


def tree() -> TyperGroup:
    """Return all commands, as the command line has them."""
    found = get_command(app)
    assert isinstance(found, TyperGroup)  # noqa: S101 -- it has commands
    return found


def _become(*arguments: str) -> None:
    """Turn into a process of Keepstep: it lives for months, without a command line."""
    command = [sys.executable, "-m", *arguments]
    os.execv(command[0], command)  # noqa: S606 -- no shell is wanted


def main() -> NoReturn:
    """Run the command line; what is wrong with it is said in one line."""
    try:
        sys.exit(app(prog_name="keepstep", standalone_mode=False))
    except NoArgsIsHelpError as error:
        error.show()
        sys.exit(error.exit_code)
    except UsageError as error:
        said = error.format_message().rstrip(".")
        command = error.ctx.command_path if error.ctx else "keepstep"
        refuse("keepstep", BadConfiguration(f"{said}: see `{command} --help`"))
    except BadConfiguration as error:
        refuse("keepstep", error)


if __name__ == "__main__":
    main()

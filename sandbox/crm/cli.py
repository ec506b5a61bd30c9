"""The command line of the example CRM."""

import secrets
import sqlite3
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from sandbox.crm.faults import BadFault, Fault, read_fault
from sandbox.crm.server import serve

app = typer.Typer(add_completion=False)
FAULT_HELP = (
    "A fault from the start: KIND[,NAME=VALUE ...], e.g. "
    "busy,retry_after_seconds=2,ratio=0.1 or latency,latency_seconds=0.2; kinds: "
    "latency busy limit error drop_before drop_after broken_json slow; limits: "
    "requests method path ratio seed seconds. May be given several times."
)


def parse_fault(text: str) -> Fault:
    """Return the fault, or refuse the command line."""
    try:
        return read_fault(text)
    except BadFault as error:
        raise typer.BadParameter(str(error)) from error


@app.callback(invoke_without_command=True, subcommand_metavar="")
def crm(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: a free one.")] = 0,
    database: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="SQLite file; without it, in memory."),
    ] = None,
    token: Annotated[
        str,
        typer.Option(
            envvar="KEEPSTEP_SANDBOX_CRM_TOKEN",
            help="Bearer token that callers need; without it, a new one is printed.",
        ),
    ] = "",
    fault: Annotated[list[str] | None, typer.Option(help=FAULT_HELP)] = None,
) -> None:
    """Run an example CRM: contacts over HTTP, a live page at /, faults on demand."""
    faults = [parse_fault(text) for text in fault or []]
    made_token = "" if token else secrets.token_urlsafe(18)

    def announce(base_url: str) -> None:
        told = f", token {made_token}" if made_token else ""
        print(f"CRM ready at {base_url}{told}", flush=True)

    try:
        uvloop.run(serve((host, port), database, token or made_token, faults, announce))
    except (OSError, sqlite3.Error) as error:
        typer.echo(f"The CRM cannot start: {error}.", err=True)
        raise typer.Exit(2) from error

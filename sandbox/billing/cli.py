"""The command line of the sandbox billing system."""

from __future__ import annotations

import secrets
from typing import Annotated

import typer
from aiohttp import web

from sandbox.billing.application import create_application

app = typer.Typer(add_completion=False)
STOP_SECONDS_MAX = 0.5  # what calls in flight get to finish


@app.callback(invoke_without_command=True, subcommand_metavar="")
def billing(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8091,
    token: Annotated[
        str,
        typer.Option(
            envvar="KEEPSTEP_SANDBOX_BILLING_TOKEN",
            help="Bearer token that callers need; without it, a new one is printed.",
        ),
    ] = "",
) -> None:
    """Run a billing system with the customers API of Stripe, in memory."""
    made_token = "" if token else secrets.token_urlsafe(18)
    told = f", token {made_token}" if made_token else ""
    try:
        web.run_app(
            create_application(token or made_token),
            host=host,
            port=port,
            access_log=None,
            print=lambda _: print(
                f"billing ready at http://{host}:{port}{told}", flush=True
            ),
            shutdown_timeout=STOP_SECONDS_MAX,
        )
    except OSError as error:
        typer.echo(f"The billing system cannot start: {error}.", err=True)
        raise typer.Exit(2) from error

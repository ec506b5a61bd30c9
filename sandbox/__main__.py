"""`python -m sandbox …`: everything around Keepstep, on one machine."""

from __future__ import annotations

import typer

from sandbox.auth0.cli import app as auth0
from sandbox.billing.cli import app as billing
from sandbox.crm.cli import app as crm
from sandbox.kafka.cli import app as kafka
from sandbox.story.cli import app as story

app = typer.Typer(
    name="sandbox",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="A Kafka, a CRM, a billing system and an Auth0 to try Keepstep with.",
)
app.add_typer(kafka, name="kafka")
app.add_typer(crm, name="crm")
app.add_typer(billing, name="billing")
app.add_typer(auth0, name="auth0")
app.add_typer(story, name="story")

if __name__ == "__main__":
    app()

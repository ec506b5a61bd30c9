"""`keepstep topics`: creates the topics of an installation and checks them."""

from __future__ import annotations

from typing import Annotated

import typer

from events import admin
from events.exits import BadConfiguration, refuse
from events.kafka import KafkaSettings
from events.settings import InstallationSettings, read
from events.topics import Topic
from processors.destination_file import ledgers
from processors.settings import WorkerSettings

app = typer.Typer(
    no_args_is_help=True, help="The topics of this installation: create, check."
)
Names = Annotated[
    list[str] | None,
    typer.Argument(help="destinations; all that have a file where none is named"),
]


@app.command()
def create(destinations: Names = None) -> None:
    """Create the topics that are missing, with their final settings."""
    kafka, wanted = _wanted(destinations)
    try:
        made = admin.create(kafka, wanted)
        admin.check(kafka, wanted)
    except BadConfiguration as error:
        refuse("keepstep topics", error)
    for name, result in made.items():
        typer.echo(f"{result:8} {name}")


@app.command()
def check(destinations: Names = None) -> None:
    """Say whether every topic is there as it must be."""
    kafka, wanted = _wanted(destinations)
    try:
        admin.check(kafka, wanted)
    except BadConfiguration as error:
        refuse("keepstep topics", error)
    typer.echo(f"ok: {len(wanted)} topics")


def _wanted(wanted: list[str] | None) -> tuple[KafkaSettings, tuple[Topic, ...]]:
    try:
        topics = read(InstallationSettings).topics
        kafka = read(KafkaSettings)
        known = ledgers(read(WorkerSettings).destinations_dir)
    except BadConfiguration as error:
        refuse("keepstep topics", error)
    return kafka, topics.all_of(wanted or known)

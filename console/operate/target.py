"""The destination that a command is about, checked before anything is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer
from confluent_kafka import murmur2

from events import admin
from events.exits import BadConfiguration
from events.kafka import KafkaSettings
from events.settings import InstallationSettings, read
from events.topics import Topics
from processors.destination_file import OBSERVED, names
from processors.refs import References
from processors.settings import WorkerSettings

Destination = Annotated[str, typer.Argument(help="name of a destination file")]
User = Annotated[str, typer.Argument(help="user_id, as Auth0 has it")]
AsJson = Annotated[
    bool, typer.Option("--json", help="print JSON; of a list one object a line")
]


@dataclass(frozen=True)
class Target:
    """One destination of this installation, and how its topics are reached."""

    name: str
    kafka: KafkaSettings
    topics: Topics
    references: References
    worker: WorkerSettings

    @property
    def group(self) -> str:
        """The consumer group of the destination's workers."""
        return f"{self.topics.installation}.{self.name}"

    @property
    def partitions(self) -> range:
        """The partitions that each topic of the destination has."""
        return range(self.topics.partitions)

    def partition_of(self, user_id: str) -> int:
        """Return where everything about the user is: murmur2 of the key."""
        return murmur2(user_id.encode(), self.topics.partitions)


def target(name: str) -> Target:
    """Return the destination *name*; its topics are there, as they must be.

    Raises:
        BrokerUnreachable: No broker answered.
        BadConfiguration: There is no such destination, or a setting or topic is wrong.
    """
    worker = read(WorkerSettings)
    known = names(worker.destinations_dir)
    if name.removesuffix(OBSERVED) not in known:
        raise BadConfiguration(
            f"there is no destination {name!r} in {worker.destinations_dir}: "
            f"say one of {', '.join(known) or 'none'}, or correct "
            "KEEPSTEP_WORKER_DESTINATIONS_DIR"
        )
    installation, kafka = read(InstallationSettings), read(KafkaSettings)
    admin.check(kafka, installation.topics.of_destination(name))
    references = References(installation.user_ref_secret.get_secret_value())
    return Target(name, kafka, installation.topics, references, worker)

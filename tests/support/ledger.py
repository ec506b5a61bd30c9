"""The topics of one destination's ledger, and those who write to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from uuid import uuid4

from confluent_kafka import Producer

from events import admin
from events.headers import Headers
from events.kafka import KafkaSettings
from events.publisher import Message
from events.topics import Topic, Topics
from processors.ledger.clients import LedgerUnavailable
from processors.ledger.offsets import ends
from processors.ledger.place import Place
from processors.ledger.stable import StableEnds
from processors.ledger.transactions import Transactions
from tests.support.broker import PARTITIONS
from tests.support.eventually import eventually
from tests.support.topics import Stored, read_topic

OPEN_SECONDS_MAX = 20.0


@dataclass(frozen=True)
class Ledger:
    """The ledger of a destination that no other test has."""

    kafka: KafkaSettings
    topics: Topics

    @property
    def links(self) -> Topic:
        return self.topics.links("crm")

    @property
    def retry(self) -> Topic:
        return self.topics.retry("crm")

    def owner(self, partition: int = 0, **settings: float) -> Transactions:
        """Return what opens this partition; nobody is fenced before `open`."""
        name = f"{self.topics.installation}.crm.{partition}"
        topics = self.topics.written_by("crm")
        places = [Place(topic.name, partition) for topic in topics]
        return Transactions(
            self.kafka, name, places, StableEnds(self.kafka), **settings
        )

    def opened(self, partition: int = 0, **settings: float) -> Transactions:
        """Return the present owner of the partition."""
        owner = self.owner(partition, **settings)
        owner.open(OPEN_SECONDS_MAX)
        return owner

    def link(self, user: bytes, value: bytes | None, partition: int = 0) -> Message:
        return Message(self.links.name, user, value, [], partition)

    def park(
        self,
        key: bytes,
        value: bytes | None,
        headers: Headers | None = None,
        partition: int = 0,
    ) -> Message:
        return Message(self.retry.name, key, value, headers or [], partition)

    def letter(self, user: bytes, value: bytes) -> Message:
        return Message(self.topics.dead("crm").name, user, value, [], 0)

    def outcome(self, user: bytes, value: bytes) -> Message:
        return Message(self.topics.outcomes("crm").name, user, value, [], 0)

    def stored(self, topics: Iterable[Topic] = ()) -> list[Stored]:
        """Return all that can be read in *topics*, or in the whole ledger."""
        chosen = list(topics) or self.topics.of_destination("crm")
        servers = self.kafka.bootstrap_servers
        quick = {"fetch.wait.max.ms": 10}
        return [r for t in chosen for r in read_topic(servers, t.name, **quick)]


def make_ledger(bootstrap_servers: str, installation: str) -> Ledger:
    """Create the topics of a destination, with few partitions, all of them led."""
    kafka = KafkaSettings(bootstrap_servers=bootstrap_servers, replication_factor=1)
    topics = Topics(installation, PARTITIONS)
    admin.create(kafka, topics.of_destination("crm"))
    for topic in topics.of_destination("crm"):
        eventually(partial(_led, kafka, topic.name))
    return Ledger(kafka, topics)


def _led(kafka: KafkaSettings, topic: str) -> bool:
    try:
        return bool(ends(kafka, topic, range(PARTITIONS), OPEN_SECONDS_MAX))
    except LedgerUnavailable:
        return False


@contextmanager
def open_transaction(ledger: Ledger, message: Message) -> Iterator[Producer]:
    """Let somebody with an id of their own write *message*, and not end it yet."""
    stranger = Producer(
        {
            "bootstrap.servers": ledger.kafka.bootstrap_servers,
            "transactional.id": f"stranger-{uuid4().hex}",
        }
    )
    stranger.init_transactions(OPEN_SECONDS_MAX)
    stranger.begin_transaction()
    stranger.produce(message.topic, message.value, message.key, message.partition)
    assert stranger.flush(OPEN_SECONDS_MAX) == 0
    yield stranger

"""What the ledger calls durable outlives a broker that is killed while it writes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count

import pytest

from events.publisher import Message
from processors.ledger.clients import LedgerUnavailable
from processors.ledger.transactions import Written
from sandbox.kafka import Broker
from tests.support.broker import PARTITIONS, own_broker
from tests.support.eventually import eventually
from tests.support.ledger import OPEN_SECONDS_MAX, Ledger, make_ledger

pytestmark = pytest.mark.kafka
KILLS = 2
BATCHES = 40  # of each partition, before a kill and after it


@pytest.fixture
def broker() -> Iterator[Broker]:
    with own_broker() as started:
        yield started


class Writer:
    """Writes to one partition until it is told to stop, whatever happens."""

    def __init__(self, ledger: Ledger, partition: int) -> None:
        self._ledger = ledger
        self._owner = ledger.owner(partition)
        self._partition = partition
        self._stop = threading.Event()
        self.durable: list[bytes] = []

    def run(self) -> None:
        opened = False
        for number in count():
            if self._stop.is_set():
                break
            if not opened:
                with suppress(LedgerUnavailable):
                    self._owner.open(OPEN_SECONDS_MAX)
                    opened = True
                continue
            key = f"{self._partition}-{number}".encode()
            written = self._owner.write(self._batch(key))
            opened = written in {Written.DURABLE, Written.ABORTED}
            if written is Written.DURABLE:
                self.durable.append(key)

    def stop(self) -> None:
        self._stop.set()

    def _batch(self, key: bytes) -> list[Message]:
        link = self._ledger.link(key, b"link", self._partition)
        event = self._ledger.park(key, b"event", None, self._partition)
        return [link, event]


def test_what_is_called_durable_can_be_read_after_the_broker_was_killed(
    broker: Broker, installation: str
) -> None:
    ledger = make_ledger(broker.bootstrap_servers, installation)
    writers = [Writer(ledger, partition) for partition in range(PARTITIONS)]

    with ThreadPoolExecutor(PARTITIONS) as pool:
        running = [pool.submit(writer.run) for writer in writers]
        for _ in range(KILLS):
            all_have_written_more(writers)
            broker.kill()
            broker.start()
        all_have_written_more(writers)
        for writer in writers:
            writer.stop()
        for writing in running:
            writing.result()
    for partition in range(PARTITIONS):
        ledger.opened(partition)

    for topic in (ledger.links, ledger.retry):
        readable = {record.key for record in ledger.stored([topic])}
        assert [k for w in writers for k in w.durable if k not in readable] == []


def all_have_written_more(writers: list[Writer]) -> None:
    wanted = [len(writer.durable) + BATCHES for writer in writers]
    eventually(
        lambda: all(
            len(writer.durable) >= least
            for writer, least in zip(writers, wanted, strict=True)
        ),
        seconds_max=90.0,
    )

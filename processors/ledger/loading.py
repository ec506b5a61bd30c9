"""Loads partitions: those asked for at about the same time are read together."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

import structlog

from events.exits import BadConfiguration
from events.kafka import KafkaSettings
from events.topics import Topics
from processors.delivery.link import UnreadableLink
from processors.delivery.link import decode as decode_link
from processors.delivery.partition import Loaded
from processors.ledger import decode, keys
from processors.ledger.clients import LedgerUnavailable
from processors.ledger.decode import UnreadableRecord
from processors.ledger.offsets import Committed, Ends, at_time, committed, ends
from processors.ledger.snapshot import Snapshot, Unreadable, load
from processors.ledger.stretches import newest_offset

log = structlog.get_logger()
Start = Literal["earliest", "now"] | datetime
TOGETHER_SECONDS = 0.02
AGAIN_SECONDS = 0.5
LOAD_SECONDS_MAX = 30.0
END_SECONDS_MAX = 10.0
# What begins so is a link: to parse a million would take seconds.
LINK_BEGINS = b'{"format":1,"taken":'


@dataclass(frozen=True)
class Read:
    """A loaded partition, and the offset that its next parked event will get."""

    loaded: Loaded
    retry_end: int


@dataclass(frozen=True)
class Source:
    """Where a destination's partitions are read from."""

    kafka: KafkaSettings
    topics: Topics
    destination: str
    group: str
    start: Start


class Loading:
    """Reads what is durable of partitions whose former owners are fenced."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._asked: dict[int, asyncio.Future[Read]] = {}
        self._reading: asyncio.Task[None] | None = None

    async def load(self, partition: int) -> Read:
        """Return what is durable in *partition*; waits while Kafka is away.

        Raises:
            BadConfiguration: A record cannot be read; the message says where it is and
                what mends it.
        """
        loop = asyncio.get_running_loop()
        asked = self._asked.setdefault(partition, loop.create_future())
        if self._reading is None:
            self._reading = loop.create_task(self._together(), name="load")
        return await asyncio.shield(asked)

    async def retry_end(self, partition: int) -> int:
        """Return the offset that the partition's next parked event will get."""
        retry = self._source.topics.retry(self._source.destination).name
        kafka = self._source.kafka
        found = await asyncio.to_thread(
            ends, kafka, retry, [partition], END_SECONDS_MAX
        )
        return found[partition].high

    async def _together(self) -> None:
        apart = False
        while self._asked:
            await asyncio.sleep(AGAIN_SECONDS if apart else TOGETHER_SECONDS)
            asked, self._asked = self._asked, {}
            # One that cannot be read holds up the others only once.
            groups = [[p] for p in asked] if apart else [sorted(asked)]
            done = [await self._read({p: asked[p] for p in g}) for g in groups]
            apart = not all(done)
        self._reading = None

    async def _read(self, asked: dict[int, asyncio.Future[Read]]) -> bool:
        """Read what is asked for; False: Kafka is away, it has to be asked again."""
        try:
            found = await asyncio.to_thread(_read, self._source, list(asked))
        except LedgerUnavailable as error:
            log.warning("ledger.not_loaded", reason=error.reason, partitions=len(asked))
            self._asked = asked | self._asked
            return False
        except Exception as error:  # noqa: BLE001 -- whoever asked raises it
            for future in asked.values():
                future.set_exception(error)
        else:
            for partition, future in asked.items():
                future.set_result(found[partition])
        return True


def _read(source: Source, partitions: Collection[int]) -> dict[int, Read]:
    kafka, topic = source.kafka, source.topics.events.name
    links = source.topics.links(source.destination)
    retry = source.topics.retry(source.destination)
    seconds = LOAD_SECONDS_MAX
    found = load(kafka, links, retry, partitions, seconds)
    group = committed(kafka, source.group, topic, partitions, seconds)
    logs = ends(kafka, topic, partitions, seconds)
    starts = _starts(source, partitions, logs)
    return {
        p: Read(
            _loaded(
                found[p],
                group[p],
                starts[p],
                _Places(_Place(kafka, links.name, p), _Place(kafka, retry.name, p)),
            ),
            found[p].retry_end,
        )
        for p in partitions
    }


def _starts(
    source: Source, partitions: Collection[int], logs: dict[int, Ends]
) -> dict[int, int]:
    match source.start:
        case "earliest":
            return {p: logs[p].low for p in partitions}
        case "now":
            return {p: logs[p].high for p in partitions}
        case moment:
            topic = source.topics.events.name
            at = moment.timestamp()
            return at_time(source.kafka, topic, partitions, at, LOAD_SECONDS_MAX)


@dataclass(frozen=True)
class _Place:
    """A partition of a topic, for what is said of a record that cannot be read."""

    kafka: KafkaSettings
    topic: str
    partition: int

    def refusal(self, key: bytes, why: str, offset: int | None = None) -> Exception:
        """Return the refusal to serve, which names the record by its place only."""
        if offset is None:
            offset = newest_offset(self.kafka, self.topic, self.partition, key)
        return BadConfiguration(
            f"{self.topic}, partition {self.partition}, offset {offset}: {why}: "
            "restore the record, or write a null for its key (what was known of it is "
            "then lost) with kafka-console-producer.sh, and start again"
        )


class _Places(NamedTuple):
    links: _Place
    retry: _Place


def _loaded(found: Snapshot, group: Committed, start: int, of: _Places) -> Loaded:
    try:
        meta = decode.meta(found.links.pop(keys.META, None))
    except UnreadableRecord as error:
        raise of.links.refusal(keys.META, str(error)) from None
    found.links.pop(keys.OWNER, None)
    parked = []
    for key, event in found.parked.items():
        if isinstance(event, Unreadable):
            raise of.retry.refusal(key, event.why, event.offset)
        parked.append(event)
    links = _links(found.links, of.links)
    return Loaded(links, parked, meta, group.offset, group.marked, start)


def _links(raw: dict[bytes, bytes], of: _Place) -> dict[bytes, bytes]:
    """Return *raw* with users for keys, after a look at each."""
    for key, value in raw.items():
        if not value.startswith(LINK_BEGINS):
            try:
                decode_link(value)
            except UnreadableLink as error:
                raise of.refusal(key, f"no link ({error})") from None
    escaped = [key for key in raw if key.startswith(b"@@")]
    for key in escaped:
        raw[keys.user_of(key)] = raw.pop(key)
    return raw

"""Tells whether a transaction that the broker forgot to end was committed.

The coordinator promises a commit before it writes the markers, so a lost marker may
be that of a promise. The records themselves tell: a transaction is committed only
when all of them are written, so one that lacks some was never promised. One that has
all of them counts as promised, unless some of them are decided and gone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from confluent_kafka import Message as Received
from confluent_kafka import TopicPartition

from events.kafka import KafkaSettings
from events.publisher import Message
from processors.ledger.clients import Deadline, Isolation, consumer
from processors.ledger.offsets import ends_of
from processors.ledger.place import Place
from processors.ledger.stamp import Stamp, stamp_of
from processors.ledger.stretches import Held, Stretch, pairs, read

# A transaction is over after its timeout, so its records are not further apart.
AROUND_SECONDS = 120.0


@dataclass
class Fates:
    """Places to end by an abort, and those to end by a commit, with what they hold."""

    aborted: list[Place] = field(default_factory=list)
    committed: dict[Place, Held] = field(default_factory=dict)


def fates(
    kafka: KafkaSettings,
    hanging: Sequence[Stretch],
    decided: Sequence[Place],
    deadline: Deadline,
) -> Fates:
    """Return what became of the last transaction in each of the *hanging* stretches.

    *decided* are the other places that the same owner writes to.

    Raises:
        LedgerUnavailable: *deadline* passed, or a partition cannot be read.
    """
    held: dict[Place, list[Received]] = defaultdict(list)
    for message in _records(kafka, hanging, "read_uncommitted", deadline):
        held[_place(message)].append(message)
    last = {place: stamp_of(found[-1].headers()) for place, found in held.items()}
    written = _count(message for found in held.values() for message in found)
    if any(stamp and written[stamp] < stamp.records for stamp in last.values()):
        since_ms = min(m.timestamp()[1] for found in held.values() for m in found)
        around = _since(kafka, decided, since_ms - AROUND_SECONDS * 1000, deadline)
        committed = _count(_records(kafka, around, "read_committed", deadline))
        for stamp, records in committed.items():
            written[stamp] += records
    found = Fates()
    for stretch in hanging:
        place = Place(stretch.topic, stretch.partition)
        stamp = last.get(place)
        if stamp is None or written[stamp] < stamp.records:
            found.aborted.append(place)
        else:
            own = [m for m in held[place] if stamp_of(m.headers()) == stamp]
            end = (own[-1].offset() or 0) + 1
            found.committed[place] = Held([_again(m) for m in own], end)
    return found


def _records(
    kafka: KafkaSettings,
    stretches: Sequence[Stretch],
    isolation: Isolation,
    deadline: Deadline,
) -> Iterable[Received]:
    with consumer(kafka, "keepstep.fates", isolation) as opened:
        yield from read(opened, stretches, deadline)


def _since(
    kafka: KafkaSettings, places: Sequence[Place], since_ms: float, deadline: Deadline
) -> list[Stretch]:
    asked = [TopicPartition(*place, max(0, round(since_ms))) for place in places]
    with consumer(kafka, "keepstep.fates", "read_committed") as opened:
        begins = opened.offsets_for_times(asked, deadline.left_seconds())
        return [
            Stretch(f.topic, f.partition, f.offset, end.high)
            for f in begins
            if f.offset >= 0
            for end in [ends_of(opened, f.topic, f.partition, deadline)]
        ]


def _count(messages: Iterable[Received]) -> dict[Stamp | None, int]:
    counted: dict[Stamp | None, int] = defaultdict(int)
    for message in messages:
        counted[stamp_of(message.headers())] += 1
    return counted


def _place(message: Received) -> Place:
    return Place(message.topic() or "", message.partition() or 0)


def _again(message: Received) -> Message:
    topic, partition = _place(message)
    headers = pairs(message.headers())
    return Message(topic, message.key(), message.value(), headers, partition)

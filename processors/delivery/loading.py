"""What was read of a partition, and what must be durable before it is served."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from processors.delivery.durable import Durable
from processors.delivery.lane import Waiting
from processors.delivery.operations import Operation
from processors.delivery.records import Meta, PutMeta
from processors.delivery.rewind import rewound


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was read of a partition after its former owners were fenced.

    `committed` is the group's offset, None where it has none; `marked` says that it
    was committed by a worker, not by an operator's tool. `start` is where a new
    destination begins to read.
    """

    links: dict[bytes, bytes]
    parked: Sequence[Waiting]
    meta: Meta | None
    committed: int | None
    marked: bool
    start: int


class Prepared(NamedTuple):
    """What is known, what must be written first, and the offset to commit then."""

    durable: Durable
    parked: list[Waiting]
    operations: list[Operation]
    to_commit: int | None


def prepare(found: Loaded, topic_id: str) -> Prepared:
    """Return how to begin with what was *found* for the source topic *topic_id*."""
    topic_ref = topic_id[:8]
    meta, to_commit = _known(found, topic_id)
    durable = Durable(topic_ref, found.links, meta)
    parked = in_order(found.parked, topic_ref)
    operations: list[Operation] = []
    if found.committed is not None and not found.marked:
        to_commit = back = found.committed
        operations.extend(rewound(durable, parked, back, topic_ref))
        parked = [e for e in parked if e.topic_ref != topic_ref or e.offset < back]
        meta = replace(meta, start=min(meta.start, back))
    operations.append(Operation((PutMeta(meta),)))
    return Prepared(durable, parked, operations, to_commit)


def _known(found: Loaded, topic_id: str) -> tuple[Meta, int | None]:
    """Return the partition's record, and where a new destination begins to read.

    Nothing at or after a committed offset is ever left out.
    """
    meta = found.meta or Meta()
    if meta.topic_id == topic_id:
        return meta, None
    start = found.start
    if found.committed is not None:
        start = min(start, found.committed)
    to_commit = start if found.committed is None else None
    return replace(meta, topic_id=topic_id, start=start), to_commit


def in_order(events: Sequence[Waiting], topic_ref: str) -> list[Waiting]:
    """Return *events* as they are run: those of an earlier topic come first.

    Ids of topics do not tell which is older, but all that an older one had parked
    failed before anything of a younger one did.
    """
    since: dict[str, float] = {}
    for event in events:
        failed_at = event.entry.first_failed_at if event.entry else None
        known = since.get(event.topic_ref, math.inf)
        since[event.topic_ref] = min(known, failed_at or 0.0)
    since[topic_ref] = math.inf
    return sorted(events, key=lambda event: (since[event.topic_ref], event.offset))

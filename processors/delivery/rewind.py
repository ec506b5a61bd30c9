"""A rewind: an operator has set the group's offset back, so a stretch runs again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from processors.delivery.durable import Durable
from processors.delivery.lane import Waiting
from processors.delivery.operations import Operation
from processors.delivery.records import PutLink, Unpark


def rewound(
    durable: Durable, parked: Iterable[Waiting], offset: int, topic_ref: str
) -> Iterator[Operation]:
    """Yield what must be durable before reading begins again at *offset*.

    For each user whose events from *offset* on were taken: `taken` falls, what was
    taken is a replay, its fingerprints go, and its entries from *offset* on leave the
    retry topic, for the log brings them again. A user is one operation, so a crash in
    between repeats what is missing and changes nothing else.
    """
    entries = defaultdict(list)
    for event in parked:
        if event.topic_ref == topic_ref and event.offset >= offset:
            entries[event.user].append(event)
    for user in list(durable.raw_links):
        link = durable.link(user)
        if link.taken < offset:
            continue
        again = link.but(
            taken=offset - 1,
            replay_until=max(link.replay_until, link.taken),
            fingerprints={},
        )
        unparked = tuple(map(Unpark, entries[user]))
        yield Operation((PutLink(user, again), *unparked))

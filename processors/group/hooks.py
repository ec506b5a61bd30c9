"""What Kafka's side of a worker asks of the rest, and what it hands over."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol


class Arrived(NamedTuple):
    """One message that Kafka delivered; exactly one of the two calls ends it.

    After `ack` its offset may be committed, once those before it are acked, too.
    After `give_back` it is not waited for any more, and will be delivered again. Either
    does nothing when the partition has been given away since.
    """

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: dict[str, str]
    timestamp_seconds: float
    ack: Callable[[], None]
    give_back: Callable[[], None]


class Hooks(Protocol):
    """What a worker does with its partitions; all of it on the worker's event loop.

    An exception in one of these ends the worker: nothing is skipped.
    """

    def take(self, message: Arrived) -> None:
        """Take a message without waiting; offsets of a partition only grow."""

    async def room(self) -> None:
        """Return when one more message may come."""

    async def assigned(self, partitions: frozenset[int]) -> None:
        """Begin to own *partitions*; must return soon, for no heartbeat is sent.

        Messages come only after it has returned.
        """

    async def revoked(self, *, lost: bool) -> None:
        """Let what is in hand end; what is not acked then will be delivered again.

        Cancelled when it takes too long. With *lost* the process is no member of its
        group any more, others may serve the partitions: drop all, write nothing.
        """

"""One partition's ledger as Kafka keeps it, and the transactional id that guards it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from events.headers import Headers
from events.publisher import Message
from processors.delivery.lane import Waiting
from processors.delivery.records import Meta, Record, Written
from processors.ledger import decode, keys

Fate = Literal[
    "written",
    "aborted",
    "timed out",
    "unknown durable",
    "unknown lost",
    "unknown prepared",
]


class Stored(NamedTuple):
    """One live entry of the retry topic."""

    event: Waiting  # as whoever loads the partition reads it, without its value
    headers: Headers
    value: bytes


@dataclass(frozen=True)
class Transaction:
    """What one owner writes at once, as records and as the bytes that they became."""

    records: Sequence[Record]
    messages: Sequence[Message]


class Ledger:
    """What is committed of one partition; `epoch` is the present owner's.

    `applied` is told of each transaction that became durable.
    """

    def __init__(self, applied: Callable[[Transaction], None]) -> None:
        self.epoch = 0
        self.links: dict[bytes, bytes] = {}
        self.meta: Meta | None = None
        self.retry: dict[bytes, Stored] = {}
        self._applied = applied
        self._retry_end = 0
        self._prepared: Transaction | None = None  # its owner does not know its end

    def open(self) -> int:
        """Fence every former owner; return what the new one writes with."""
        self.finish()
        self.epoch += 1
        return self.epoch

    def finish(self) -> None:
        """Let the coordinator finish a transaction that nobody waits for any more."""
        prepared, self._prepared = self._prepared, None
        if prepared is not None:
            self._apply(prepared)

    def write(self, epoch: int, transaction: Transaction, fate: Fate) -> Written:
        """Write *transaction* unless its owner is fenced; *fate* is what befalls it."""
        if epoch != self.epoch:
            return "fenced"
        match fate:
            case "written":
                self._apply(transaction)
                return "durable"
            case "aborted":
                return "aborted"
            case "timed out":  # the coordinator fences a living owner
                self.epoch += 1
                return "fenced"
            case "unknown durable":
                self._apply(transaction)
            case "unknown prepared":
                self._prepared = transaction
            case "unknown lost":
                pass
        return "unknown"

    def _apply(self, transaction: Transaction) -> None:
        for message in transaction.messages:
            table = message.topic.rsplit(".", 1)[1]
            if table == "links":
                self._put_link(message)
            elif table == "retry":
                self._put_entry(message)
        self._retry_end += 1
        self._applied(transaction)

    def _put_link(self, message: Message) -> None:
        key, value = message.key or b"", message.value or b""
        if key == keys.META:
            self.meta = decode.meta(value)
        elif key != keys.OWNER:
            self.links[keys.user_of(key)] = value

    def _put_entry(self, message: Message) -> None:
        key = message.key or b""
        if message.value is None:
            self.retry.pop(key, None)
        else:
            headers, value = message.headers, message.value
            event = decode.parked(key, headers, len(value), self._retry_end)
            self.retry[key] = Stored(event, headers, value)
        self._retry_end += 1

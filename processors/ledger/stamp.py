"""Marks the records of a transaction as belonging together, and how many they are.

Whoever finds them can tell whether all were written, without asking the broker.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from typing import NamedTuple

import msgspec

from events import headers as h
from events.publisher import Message
from processors.ledger.place import Place

ID_BYTES = 8


class Stamp(NamedTuple):
    """A transaction's own id, and the number of its records in the ledger."""

    batch: str
    records: int


def stamped(messages: Sequence[Message], places: Collection[Place]) -> list[Message]:
    """Return *messages* with one new stamp on those that go to *places*."""
    inside = [Place(m.topic, m.partition) in places for m in messages]
    stamp = f"{secrets.token_hex(ID_BYTES)}/{sum(inside)}".encode()
    return [
        msgspec.structs.replace(m, headers=[*m.headers, (h.BATCH, stamp)]) if own else m
        for m, own in zip(messages, inside, strict=True)
    ]


def stamp_of(headers: object) -> Stamp | None:
    """Return the stamp among a record's headers, None where there is none."""
    batch, slash, records = h.decode(headers).get(h.BATCH, "").partition("/")
    return Stamp(batch, int(records)) if slash and records.isdecimal() else None

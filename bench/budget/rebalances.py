"""When workers gave partitions up and began to serve them, from their logs."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

import msgspec

STEPS = ("partitions.revoked", "partitions.assigned", "partition.active")


class Line(msgspec.Struct):
    """A line of a worker's log."""

    event: str
    timestamp: datetime


def steps(logs: Iterable[Path]) -> Iterator[float]:
    """Return when each step was, in seconds of the monotonic clock."""
    ahead_seconds = time.time() - time.monotonic()
    decoder = msgspec.json.Decoder(Line)
    for log in logs:
        for text in log.read_bytes().splitlines():
            if any(step.encode() in text for step in STEPS):
                line = decoder.decode(text)
                if line.event in STEPS:
                    yield line.timestamp.timestamp() - ahead_seconds

"""Names one partition of a topic."""

from __future__ import annotations

from typing import NamedTuple


class Place(NamedTuple):
    """One partition of a topic."""

    topic: str
    partition: int

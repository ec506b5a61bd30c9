"""How much one partition may hold: everything has a bound, and each is a setting."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Bounds:
    """The bounds of one partition.

    A lane waits in memory for its next attempt while the wait is at most
    `memory_wait_seconds_max` and it has at most `lane_events_max` events; else it is
    parked. So is the lane that holds the acks back beyond `distance_max` offsets.
    An event that is younger than `backlog_after_seconds` when it comes goes before
    those that are not, until it has waited as long.
    """

    events_max: int = 1000
    bytes_max: int = 16 * MIB
    distance_max: int = 10_000
    lane_events_max: int = 64
    memory_wait_seconds_max: float = 2.0
    fold_events_max: int = 100
    fold_bytes_max: int = 4 * MIB
    batch_records_max: int = 500
    batch_bytes_max: int = 8 * MIB
    early_try_seconds_min: float = 60.0
    backlog_after_seconds: float = 60.0

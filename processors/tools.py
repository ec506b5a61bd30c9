"""What every partition of a worker works with."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from processors.attempts import Attempts
from processors.calls import Lease
from processors.ledger.bodies import Bodies
from processors.ledger.commits import Commits
from processors.ledger.encode import Encoder
from processors.ledger.loading import Loading
from processors.metrics import WorkerMetrics
from processors.pace import Pace
from processors.urgent import Urgent


class Member(Lease, Protocol):
    """What a partition asks of this worker's membership in its group."""

    def may_own(self) -> bool:
        """Whether the lease holds, so that partitions may be opened and served."""


class Worker(Protocol):
    """What a partition asks of the worker that it is a part of."""

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run *work* as a task that the worker owns."""

    def changed(self) -> None:
        """Look for attempts to start."""

    def end_read(self, partition: int) -> float:
        """Return when the log was last seen to be read to its end, in epoch seconds."""


@dataclass(frozen=True)
class Tools:
    """What every partition of a worker works with."""

    attempts: Attempts
    commits: Commits
    encoder: Encoder
    loading: Loading
    bodies: Bodies
    member: Member
    metrics: WorkerMetrics
    pace: Pace
    urgent: Urgent
    worker: Worker
    watch: Callable[[int, int], None]  # commands of a partition, from an offset on

"""Counts deliveries and says in the end how it went."""

from array import array
from collections import Counter
from dataclasses import dataclass, field

from sandbox.auth0.delivery import Delivery


@dataclass(frozen=True)
class Report:
    """How a run went; `answer_*` are the times from a POST to its answer."""

    delivered: int
    failures: dict[str, int]  # by the last status, or the kind of failure
    unsent: int  # not even tried: the stream was disabled or stopped before
    attempts: int
    disabled: bool
    seconds: float
    answer_p50_ms: float
    answer_p99_ms: float

    @property
    def failed(self) -> int:
        """Events that were tried and not delivered."""
        return sum(self.failures.values())

    @property
    def all_delivered(self) -> bool:
        """Tell whether each event reached the receiver."""
        return self.failed == 0 and self.unsent == 0

    @property
    def delivered_per_second(self) -> float:
        """Deliveries per second of the whole run."""
        return self.delivered / self.seconds if self.seconds else 0.0


@dataclass
class Tally:
    """The running count; it keeps eight bytes per attempt."""

    delivered: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    failures_in_a_row: int = 0
    unsent: int = 0
    answer_seconds: "array[float]" = field(default_factory=lambda: array("d"))

    def count(self, delivery: Delivery) -> None:
        """Add one event that has come to its end."""
        self.answer_seconds.extend(attempt.seconds for attempt in delivery.attempts)
        if delivery.delivered:
            self.delivered += 1
            self.failures_in_a_row = 0
        else:
            self.failures[delivery.failure] += 1
            self.failures_in_a_row += 1

    def report(self, *, disabled: bool, seconds: float) -> Report:
        """Return what was counted until now."""
        ordered = sorted(self.answer_seconds)
        return Report(
            delivered=self.delivered,
            failures=dict(self.failures.most_common()),
            unsent=self.unsent,
            attempts=len(ordered),
            disabled=disabled,
            seconds=seconds,
            answer_p50_ms=1000 * quantile(ordered, 0.50),
            answer_p99_ms=1000 * quantile(ordered, 0.99),
        )


def quantile(ordered: list[float], share: float) -> float:
    """Return the smallest of *ordered* that at least *share* of them do not exceed.

    >>> quantile([1.0, 2.0, 3.0, 4.0], 0.5), quantile([], 0.5)
    (2.0, 0.0)
    """
    if not ordered:
        return 0.0
    return ordered[max(0, -int(-len(ordered) * share // 1) - 1)]

"""What the checker says: one finding a line, then a summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal, NamedTuple

Kind = Literal[
    "lost", "reordered", "stale-final", "twice-in-kafka", "late", "duplicate"
]


class Finding(NamedTuple):
    """A promise broken or, where it is `explained`, a repeat that had to be."""

    kind: Kind
    user: str
    shows: str
    explained: str | None = None

    def __str__(self) -> str:
        if self.kind != "duplicate":
            return f"{self.kind}: {self.user}: {self.shows}"
        how = "unexplained" if self.explained is None else "explained"
        because = "" if self.explained is None else f" ({self.explained})"
        return f"duplicate {how}: {self.user}: {self.shows}{because}"


class Summary(NamedTuple):
    """How often each was found."""

    lost: int
    reordered: int
    stale_final: int
    twice_in_kafka: int
    late: int
    duplicates: int
    duplicates_unexplained: int

    @property
    def clean(self) -> bool:
        """Whether there is nothing but explained duplicates."""
        return not any(self._replace(duplicates=0))

    def __str__(self) -> str:
        return " ".join(f"{name}={n}" for name, n in self._asdict().items())


def summary_of(findings: Sequence[Finding]) -> Summary:
    """Count *findings*."""
    counted = Counter(finding.kind for finding in findings)
    repeats = [finding for finding in findings if finding.kind == "duplicate"]
    return Summary(
        lost=counted["lost"],
        reordered=counted["reordered"],
        stale_final=counted["stale-final"],
        twice_in_kafka=counted["twice-in-kafka"],
        late=counted["late"],
        duplicates=len(repeats),
        duplicates_unexplained=sum(f.explained is None for f in repeats),
    )

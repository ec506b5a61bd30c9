"""Holds a run's history against the promises of delivery."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from tests.history.duplicates import duplicates
from tests.history.findings import summary_of
from tests.history.history import History
from tests.history.late import late
from tests.history.losses import lost
from tests.history.order import reordered, stale_final
from tests.history.twice import twice_in_kafka

CHECKS = (lost, reordered, stale_final, twice_in_kafka, late, duplicates)


class Report:
    """All findings in one history, the gravest kinds first."""

    def __init__(self, history: History) -> None:
        self.findings = [finding for one in CHECKS for finding in one(history)]
        self.summary = summary_of(self.findings)
        self.seen = f"acknowledged={history.acknowledged}"
        self.seen += f" requests={len(history.requests)}"
        self.seen += f" parked={len(history.ledger.parked)}"

    def lines(self) -> Iterator[str]:
        """Yield the findings, then how often each reason was given, then a summary."""
        yield from map(str, self.findings)
        yield from self.short()

    def short(self) -> Iterator[str]:
        """Yield how often each reason was given, then a summary."""
        for reason, count in self._reasons().most_common():
            yield f"explained {count}: {reason}"
        yield f"{self.seen} {self.summary}"

    def _reasons(self) -> Counter[str]:
        """Count why repeats could not be helped, whichever worker it was."""
        given = (finding.explained for finding in self.findings)
        return Counter(re.sub(r"\bw\d+\b", "a worker", why) for why in given if why)

"""Follows a worker by the calls that it makes."""

from __future__ import annotations

import time

from bench.delivery.double import Double
from bench.delivery.effects import Tally


class Watch:
    """What a CRM double was asked for the events of one tally, as it comes."""

    def __init__(self, crm: Double, tally: Tally) -> None:
        self.tally = tally
        self.called_at = time.monotonic()  # when a call was last seen, or the start
        self._crm = crm
        self._seen = 0

    @property
    def quiet_seconds(self) -> float:
        """How long no call was seen."""
        return time.monotonic() - self.called_at

    def take(self) -> int:
        """Take in the calls since the last time; return how many events have ended."""
        calls = self._crm.calls(self._seen)
        self._seen += len(calls)
        self.tally.add(calls)
        if calls:
            self.called_at = time.monotonic()
        return self.tally.ended

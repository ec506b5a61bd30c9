"""Whose events are delivered to what CRM."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Literal

from bench.delivery import keys

UNIFORM_USERS = 10_000
ZIPF_USERS = 1_000
SECONDS_MAX = 600.0
Keys = Literal["uniform", "Zipf"]


@dataclass(frozen=True)
class Scenario:
    """One way to put load on a worker, and how often it is done."""

    keys: Keys
    delay_ms: int
    events: int
    rounds: int = 1
    seconds_max: float = SECONDS_MAX  # a worker that is not through by then is cut off
    per_second: float = inf  # events that come; else all wait already

    @property
    def title(self) -> str:
        """How it is called in the table."""
        paced = "" if self.per_second == inf else f", {self.per_second:.0f}/s"
        return f"{self.keys} {self.delay_ms} ms{paced}"

    @property
    def decides(self) -> bool:
        """Whether the bars are about it."""
        return self.keys == "uniform" and self.delay_ms == 20

    def users(self) -> list[int]:
        """Return the user of each event that is measured; the same each time."""
        if self.keys == "uniform":
            return keys.uniform(UNIFORM_USERS, self.events)
        return keys.zipf(ZIPF_USERS, self.events)

    def warm_up(self, events: int) -> list[int]:
        """Return the user of each event before those: all are as busy."""
        users = UNIFORM_USERS if self.keys == "uniform" else ZIPF_USERS
        return keys.uniform(users, events)


def scenarios(events: int, zipf_events: int, rounds: int) -> list[Scenario]:
    """Return all of them; only the one that decides is done more than once."""
    uniform = [
        Scenario("uniform", 20, events, rounds),
        Scenario("uniform", 100, events),
    ]
    if not zipf_events:
        return uniform
    zipf = [Scenario("Zipf", delay_ms, zipf_events) for delay_ms in (20, 100)]
    return [*uniform, *zipf]

"""What `make bench` measures, and how much of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bench.delivery.scenario import Scenario

Name = Literal["zipf20", "zipf100", "flat20", "paced20"]
DELAY_MS_KILLED = 20


@dataclass(frozen=True)
class Plan:
    """The turns, the part of the usual events for a kill, and the budget's options."""

    scenarios: dict[Name, Scenario]
    killed_part: float
    budget: tuple[str, ...]


FULL = Plan(
    {
        "zipf20": Scenario("Zipf", 20, 20_000, seconds_max=40.0),
        "zipf100": Scenario("Zipf", 100, 20_000, seconds_max=40.0),
        "flat20": Scenario("uniform", 20, 20_000, rounds=3, seconds_max=15.0),
        "paced20": Scenario("Zipf", 20, 8_000, per_second=500.0),
    },
    killed_part=1.0,
    budget=(),
)
# To see that all works; the figures say little.
QUICK = Plan(
    {
        "zipf20": Scenario("Zipf", 20, 600, seconds_max=10.0),
        "zipf100": Scenario("Zipf", 100, 200, seconds_max=10.0),
        "flat20": Scenario("uniform", 20, 3_000, seconds_max=10.0),
        "paced20": Scenario("Zipf", 20, 500, per_second=500.0),
    },
    killed_part=0.1,
    budget=("--part", "fleet", "--steady-seconds", "10", "--changed-seconds", "10"),
)

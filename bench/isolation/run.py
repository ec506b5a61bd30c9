"""Finds the greatest rate, and takes turns at half of it with and without failures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from bench.isolation.figures import Pair
from bench.isolation.turn import Turn, turn
from events.kafka import KafkaSettings

Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """How much is measured; without a rate it is half the greatest."""

    pairs: int
    seconds: float
    events_per_second: float | None
    greatest_events: int


def compare(kafka: KafkaSettings, plan: Plan, say: Say) -> list[Pair]:
    """Return the turns; those with and without users that fail take turns, too.

    Raises:
        NotWorking: A worker did not start, or did not get on.
    """
    rate = plan.events_per_second or _half_of_the_greatest(kafka, plan, say)
    events, pairs = round(plan.seconds * rate), list[Pair]()
    for number in range(1, plan.pairs + 1):
        # Who begins alternates, for a machine that grows busier would favour the first.
        order = (False, True) if number % 2 else (True, False)
        done = {
            failing: turn(kafka, rate, events, failing=failing) for failing in order
        }
        pair = Pair(done[False], done[True])
        pairs.append(pair)
        say(f"pair {number} of {plan.pairs}: without {_said(pair.without)}")
        say(f"pair {number} of {plan.pairs}: with    {_said(pair.failing)}")
    return pairs


def _half_of_the_greatest(kafka: KafkaSettings, plan: Plan, say: Say) -> float:
    greatest = turn(kafka, inf, plan.greatest_events, failing=False).per_second
    say(f"the greatest rate is {greatest:,.0f} events/s; half of it is offered")
    return greatest / 2


def _said(turn: Turn) -> str:
    return (
        f"p50 {turn.p50_ms:,.0f} ms, p99 {turn.p99_ms:,.0f} ms, "
        f"{turn.per_second:,.1f} events/s, {turn.failed_calls} calls failed, "
        f"{turn.foreign_cores:.2f} cores busy with other things"
    )

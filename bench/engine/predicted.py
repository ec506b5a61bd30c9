"""Holds the figures against the arithmetic of `bench.capacity`."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from math import isnan, nan
from statistics import median

from confluent_kafka import murmur2

from bench import capacity
from bench.delivery.bodies import bodies
from bench.delivery.contestants import CALLS_IN_FLIGHT_MAX, PARTITIONS
from bench.delivery.rivals import FASTSTREAM, FAUST, LANES, PYRALLEL
from bench.delivery.scenario import Scenario
from bench.delivery.turn import Turn
from bench.engine.figures import OURS, Figures
from bench.engine.plan import Name, Plan

OFF_MAX = 0.2
Keys = Callable[[Scenario], list[Hashable]]


@dataclass(frozen=True)
class Prediction:
    """A figure of the bench and what it should have been."""

    what: str
    predicted: float
    measured: float

    @property
    def off(self) -> float:
        """How far the measured figure is from the predicted one, as a part of it."""
        return abs(self.measured / self.predicted - 1)

    def __str__(self) -> str:
        held = "within 20 %" if self.off <= OFF_MAX else "MISSED     "
        return f"{held} {self.what}: {self.predicted:,.2f} / {self.measured:,.2f}"


def lines(found: Figures, plan: Plan) -> list[str]:
    """Return what was predicted and what was measured; nothing for what was not."""
    known = [p for p in _all(found, plan) if not isnan(p.predicted + p.measured)]
    return ["predicted / measured:", *map(str, known)]


def _all(found: Figures, plan: Plan) -> Iterator[Prediction]:
    for title in (LANES.title, PYRALLEL.title):
        yield _busiest_user_alone(found, plan, title)
    for title, by, keys in (
        (LANES.title, "user", users),
        (PYRALLEL.title, "user", users),
        (FASTSTREAM.title, "partition", partitions),
        (FAUST.title, "line for all", nobody),
    ):
        yield _one_after_another(found, plan, title, by, keys)
    for title in (OURS, LANES.title):
        yield _one_core(found, plan, "flat20", title)
    yield _one_core(found, plan, "zipf20", OURS)
    yield _one_core(found, plan, "zipf100", OURS)
    for turn in found.turns.get(("paced20", OURS), ()):
        yield _folded(turn, plan.scenarios["paced20"])


def users(scenario: Scenario) -> list[Hashable]:
    """Return the user of each event."""
    return [*scenario.users()]


def partitions(scenario: Scenario) -> list[Hashable]:
    """Return the partition of each event."""
    return [murmur2(body.key, PARTITIONS) for body in bodies(scenario.users())]


def nobody(scenario: Scenario) -> list[Hashable]:
    """Return the same for each event: all wait for each other."""
    return [None for _ in scenario.users()]


def _busiest_user_alone(found: Figures, plan: Plan, title: str) -> Prediction:
    scenario = plan.scenarios["zipf100"]
    share = capacity.busiest_share(users(scenario))
    alone = capacity.one_after_another(share, scenario.delay_ms / 1000)
    return Prediction(
        f"events/s, {scenario.title}, {title}: the busiest user's calls, one by one",
        min(alone, _of_cpu(found, "zipf100", title)),
        found.per_second("zipf100", title),
    )


def _one_after_another(
    found: Figures, plan: Plan, title: str, by: str, keys: Keys
) -> Prediction:
    """Take what a worker adds to a call from 100 ms, and predict 20 ms with it."""
    slow, fast = plan.scenarios["zipf100"], plan.scenarios["zipf20"]
    rate = found.per_second("zipf100", title)
    share, delay = capacity.busiest_share(keys(slow)), slow.delay_ms / 1000
    waits = capacity.one_after_another(share, delay) < _of_cpu(found, "zipf100", title)
    # Who was held up by its CPU says nothing of what it adds.
    added = capacity.seconds_per_call(share, rate) - delay if waits else 0.0
    share = capacity.busiest_share(keys(fast))
    in_order = capacity.one_after_another(share, fast.delay_ms / 1000 + added)
    return Prediction(
        f"events/s, {fast.title}, {title}: order by {by}, {1000 * added:.0f} ms added",
        min(in_order, _of_cpu(found, "zipf20", title)),
        found.per_second("zipf20", title),
    )


def _one_core(found: Figures, plan: Plan, name: Name, title: str) -> Prediction:
    scenario, turns = plan.scenarios[name], found.turns.get((name, title), [])
    per_event = median(t.effects.calls_per_event for t in turns) if turns else nan
    places = capacity.in_flight(CALLS_IN_FLIGHT_MAX, scenario.delay_ms / 1000)
    return Prediction(
        f"events/s, {scenario.title}, {title}: one core, {CALLS_IN_FLIGHT_MAX} places",
        min(_of_cpu(found, name, title), places / per_event),
        found.per_second(name, title),
    )


def _of_cpu(found: Figures, name: Name, title: str) -> float:
    turns = found.turns.get((name, title))
    if not turns:
        return nan
    return capacity.of_cpu(median(turn.cpu_ms_per_event for turn in turns) / 1000)


def _folded(turn: Turn, scenario: Scenario) -> Prediction:
    trip = turn.reading.round_trip_seconds if turn.reading else None
    seconds = scenario.delay_ms / 1000 if trip is None else trip
    return Prediction(
        f"calls per event, {scenario.title}, {OURS}: one per user in {seconds:.3f} s",
        capacity.calls_per_event(
            capacity.shares(scenario.users()), scenario.per_second, seconds
        ),
        turn.effects.calls_per_event,
    )

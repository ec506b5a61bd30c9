"""The engines one after another, and what a kill -9 leaves of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from math import inf

from bench.delivery import contestants, environments
from bench.delivery.contestants import CALLS_IN_FLIGHT_MAX, Enter
from bench.delivery.double import calls_per_second_alone
from bench.delivery.process import NotWorking
from bench.delivery.rivals import LANES, PYRALLEL, RIVALS
from bench.delivery.turn import turn
from bench.engine.figures import OURS, Figures
from bench.engine.killed import Killed, killed
from bench.engine.plan import DELAY_MS_KILLED, Name, Plan
from bench.ingest.missing import Missing
from events.kafka import KafkaSettings

Say = Callable[[str], None]
ALONE_SECONDS = 3.0
BARS = (OURS, LANES.title, PYRALLEL.title)  # whose turns are repeated


def compare(kafka: KafkaSettings, plan: Plan, say: Say) -> Figures:
    """Return the figures of ours and of all peers that can run here.

    Raises:
        NotWorking: Our worker did not start, or did not get on.
    """
    alone = calls_per_second_alone(20, CALLS_IN_FLIGHT_MAX, ALONE_SECONDS)
    say(f"the CRM double alone: {alone:,.0f} calls/s with 20 ms, 256 in flight")
    entered, found = _entered(say), Figures()
    for name, title in _order(plan, entered):
        scenario = plan.scenarios[name]
        try:
            done = turn(kafka, entered[title], scenario)
        except NotWorking as reason:
            _left_out(title, reason, say)
            continue
        found.turns.setdefault((name, title), []).append(done)
        said = "cut off after" if done.cut_off else "took"
        say(
            f"{scenario.title}: {title}: {done.per_second:,.0f} events/s, "
            f"CPU {done.cpu_ms_per_event:.3f} ms per event, {said} "
            f"{done.seconds:.1f} s, {done.foreign_cores:.2f} cores busy otherwise"
        )
    found.killed |= _killed(kafka, plan, entered, say)
    return found


def _entered(say: Say) -> dict[str, Enter]:
    entered: dict[str, Enter] = {OURS: contestants.ours}
    say(f"{OURS}: {environments.version(environments.of_ours())}")
    for rival in RIVALS:
        try:
            say(f"{rival.title}: {environments.version(rival.python())}")
            entered[rival.title] = rival.enter
        except Missing as reason:
            say(f"{rival.title} is left out: {reason}")
    return entered


def _order(plan: Plan, entered: Mapping[str, Enter]) -> Iterator[tuple[Name, str]]:
    for name, scenario in plan.scenarios.items():
        for number in range(scenario.rounds):
            titles: tuple[str, ...] = BARS if number else tuple(entered)
            if scenario.per_second < inf:  # who keeps up is as fast as what comes
                titles = (OURS,)
            yield from ((name, title) for title in titles if title in entered)


def _killed(
    kafka: KafkaSettings, plan: Plan, entered: Mapping[str, Enter], say: Say
) -> dict[str, Killed]:
    """Kill ours by itself, then the peers side by side: nothing is timed."""
    part, found = plan.killed_part, dict[str, Killed]()
    found[OURS] = killed(kafka, entered[OURS], DELAY_MS_KILLED, part)
    with ThreadPoolExecutor(len(entered)) as threads:
        lives = {
            title: threads.submit(killed, kafka, enter, DELAY_MS_KILLED, part)
            for title, enter in entered.items()
            if title != OURS
        }
        for title, life in lives.items():
            try:
                found[title] = life.result()
            except NotWorking as reason:
                _left_out(title, reason, say)
    for title, seen in found.items():
        say(
            f"kill -9: {title}: after {seen.ended_before:,} events, called again "
            f"{seen.away_seconds:.1f} s later"
        )
    return found


def _left_out(title: str, reason: NotWorking, say: Say) -> None:
    if title == OURS:
        raise reason
    say(f"{title} is left out here: {reason}")

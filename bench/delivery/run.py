"""One comparison from start to end: topics made, turns taken, links acquired."""

from __future__ import annotations

import contextlib
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import msgspec

from bench.delivery import contestants, links
from bench.delivery.acquire import Acquired
from bench.delivery.contestants import CALLS_IN_FLIGHT_MAX, DESTINATION, Contestant
from bench.delivery.double import calls_per_second_alone
from bench.delivery.figures import BARE, Figures
from bench.delivery.process import NotWorking
from bench.delivery.scenario import Scenario
from bench.delivery.turn import Field, Turn
from bench.ingest.missing import Missing
from bench.ingest.stored import topics_made
from events.kafka import KafkaSettings

Say = Callable[[str], None]
ALONE_SECONDS = 3.0
ACQUIRE_SECONDS_MAX = 300.0


@dataclass(frozen=True)
class Plan:
    """What is measured; with no links nothing is acquired."""

    scenarios: Sequence[Scenario]
    links: int


def compare(bootstrap_servers: str, plan: Plan, say: Say) -> Figures:
    """Return the figures of ours and of the peer, if that can run here.

    A worker is started for each of its turns, and the turns alternate, so that what
    else goes on in the machine hits all of them.

    Raises:
        NotWorking: A worker did not start, or did not get on.
    """
    kafka = KafkaSettings(bootstrap_servers=bootstrap_servers, replication_factor=1)
    alone = calls_per_second_alone(20, CALLS_IN_FLIGHT_MAX, ALONE_SECONDS)
    say(f"the CRM double alone: {alone:,.0f} calls/s with 20 ms, 256 in flight")
    entered = _contestants(bootstrap_servers, say)
    topics = [topic for contestant in entered for topic in contestant.needed]
    with topics_made(kafka, topics):
        turns = _turns(Field(kafka), entered, plan.scenarios, say)
    acquired = _acquired(kafka, bootstrap_servers, plan.links, say)
    return Figures(turns, acquired)


def _contestants(kafka: str, say: Say) -> list[Contestant]:
    run = secrets.token_hex(3)
    entered = [contestants.ours(kafka, run), contestants.without_ledger(kafka, run)]
    try:
        entered.append(contestants.peer(kafka, run))
    except Missing as reason:
        say(f"pyrallel-consumer is left out: {reason}")
    return entered


def _turns(
    field: Field, entered: Sequence[Contestant], scenarios: Sequence[Scenario], say: Say
) -> dict[tuple[Scenario, str], list[Turn]]:
    turns = dict[tuple[Scenario, str], list[Turn]]()
    for scenario, contestant in _order(entered, scenarios):
        turn = field.turn(contestant, scenario)
        turns.setdefault((scenario, contestant.title), []).append(turn)
        say(
            f"{scenario.title}: {contestant.title}: {turn.per_second:,.0f} events/s, "
            f"CPU {turn.cpu_ms_per_event:.3f} ms per event, "
            f"{turn.foreign_cores:.2f} cores busy with other things"
        )
    return turns


def _order(
    entered: Sequence[Contestant], scenarios: Sequence[Scenario]
) -> Iterator[tuple[Scenario, Contestant]]:
    for scenario in scenarios:
        for _ in range(scenario.rounds):
            for contestant in entered:
                # What the ledger costs is asked where the bars are.
                if scenario.decides or contestant.title != BARE:
                    yield scenario, contestant


def _acquired(
    kafka: KafkaSettings, bootstrap_servers: str, count: int, say: Say
) -> Acquired | None:
    if not count:
        return None
    worker = contestants.ours(bootstrap_servers, f"{secrets.token_hex(3)}-acquire")
    with topics_made(kafka, worker.needed):
        size = links.fill(kafka, worker.topics.links(DESTINATION), count)
        say(f"{count:,} links of {size:.0f} bytes are written")
        command = [sys.executable, "-m", "bench.delivery.acquire", DESTINATION]
        with contextlib.suppress(subprocess.TimeoutExpired):
            done = subprocess.run(
                command,
                env=dict(worker.environ),
                check=False,
                capture_output=True,
                timeout=ACQUIRE_SECONDS_MAX,
            )
            if done.returncode == 0:
                return msgspec.json.decode(done.stdout.splitlines()[-1], type=Acquired)
            raise NotWorking(f"not acquired:\n{done.stderr.decode()[-1000:]}")
        raise NotWorking(f"not acquired within {ACQUIRE_SECONDS_MAX:.0f} s")

"""One comparison from start to end: topics made, turns taken, links acquired."""

from __future__ import annotations

import contextlib
import secrets
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from bench.delivery import contestants, environments, links
from bench.delivery.acquire import Acquired
from bench.delivery.contestants import CALLS_IN_FLIGHT_MAX, DESTINATION, Enter
from bench.delivery.double import calls_per_second_alone
from bench.delivery.figures import BARE, OURS, PEER, Figures
from bench.delivery.process import NotWorking
from bench.delivery.rivals import PYRALLEL
from bench.delivery.scenario import Scenario
from bench.delivery.turn import Turn, turn
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
    turns = _turns(kafka, plan.scenarios, say)
    acquired = _acquired(kafka, bootstrap_servers, plan.links, say)
    return Figures(turns, acquired)


def _turns(
    kafka: KafkaSettings, scenarios: Sequence[Scenario], say: Say
) -> dict[tuple[Scenario, str], list[Turn]]:
    turns = dict[tuple[Scenario, str], list[Turn]]()
    for scenario, title, enter in _order(_entered(say), scenarios):
        found = turn(kafka, enter, scenario)
        turns.setdefault((scenario, title), []).append(found)
        say(
            f"{scenario.title}: {title}: {found.per_second:,.0f} events/s, "
            f"CPU {found.cpu_ms_per_event:.3f} ms per event, "
            f"{found.foreign_cores:.2f} cores busy with other things"
        )
    return turns


def _entered(say: Say) -> dict[str, Enter]:
    entered: dict[str, Enter] = {
        OURS: contestants.ours,
        BARE: contestants.without_ledger,
    }
    say(f"{OURS}: {environments.version(environments.of_ours())}")
    try:
        say(f"{PEER}: {environments.version(PYRALLEL.python())}")
        entered[PEER] = PYRALLEL.enter
    except Missing as reason:
        say(f"{PEER} is left out: {reason}")
    return entered


def _order(
    entered: Mapping[str, Enter], scenarios: Sequence[Scenario]
) -> Iterator[tuple[Scenario, str, Enter]]:
    for scenario in scenarios:
        for _ in range(scenario.rounds):
            for title, enter in entered.items():
                # What the ledger costs is asked where the bars are.
                if scenario.decides or title != BARE:
                    yield scenario, title, enter


def _acquired(
    kafka: KafkaSettings, bootstrap_servers: str, count: int, say: Say
) -> Acquired | None:
    if not count:
        return None
    worker = contestants.ours(bootstrap_servers, f"{secrets.token_hex(3)}-acquire")
    with topics_made(kafka, worker.needed):
        size = links.fill(kafka, worker.topics.links(DESTINATION), count)
        say(f"{count:,} links of {size:.0f} bytes are written")
        program = str(environments.of_ours())
        command = [program, "-m", "bench.delivery.acquire", DESTINATION]
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

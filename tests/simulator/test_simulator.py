"""Real here are the core, correlation and the ledger's records; the rest is simulated.

Each run: three workers, twelve partitions, fifty users, virtual time, and faults at
random, all decided by its seed. A failing seed is printed with the command that runs it
again.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.simulator.kinds import missing, table
from tests.simulator.runs import Runner, Totals, runner, told
from tests.simulator.world import run

pytestmark = pytest.mark.timeout(900)
BATCHES, BATCH = 21, 100
RUNS_MIN = 2_000


@pytest.fixture(scope="module")
def started() -> Iterator[Runner]:
    with runner() as processes:
        yield processes


@pytest.fixture(scope="module")
def totals(started: Runner) -> Totals:
    """Run the batches that hypothesis draws; a seed cannot be made smaller."""
    totals = Totals()

    @settings(
        max_examples=BATCHES,
        derandomize=True,  # the same seeds each time; `make simulate` draws others
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.integers(0, 2**40))
    def simulate(batch: int) -> None:
        for result in started.results(range(batch * BATCH, (batch + 1) * BATCH)):
            totals.add(result)

    simulate()
    return totals


def test_whatever_befalls_every_promise_is_kept(totals: Totals) -> None:
    failures = "\n".join(told(result) for result in totals.failures)

    assert not failures, failures
    assert totals.runs >= RUNS_MIN


def test_every_kind_of_fault_and_of_end_has_befallen(
    totals: Totals, capsys: pytest.CaptureFixture[str]
) -> None:
    with capsys.disabled():
        print(f"\n{totals}\n{table(totals.counts)}")  # noqa: T201 -- is to be seen

    assert not missing(totals.counts)


def test_a_seed_does_the_same_in_every_process(started: Runner) -> None:
    (elsewhere,) = started.results([4711])

    assert run(4711) == elsewhere

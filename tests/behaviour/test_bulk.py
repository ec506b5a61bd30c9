"""A bulk of users in a small size: real Kafka, worker and CRM, and a kill -9.

`make bulk` has the full size, with the same judges.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bulk.judge import faults, figures
from tests.bulk.population import LOGINS, UPDATES, Population
from tests.bulk.run import run

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]
USERS = 300
SEED = 7


def test_a_shuffled_bulk_with_a_kill_costs_no_more_calls_than_there_are_changes(
    kafka: str, installation: str, tmp_path: Path
) -> None:
    population = Population(USERS, SEED)

    bulk = run(kafka, installation, tmp_path, population)

    assert faults(bulk) == []
    cost = figures(bulk)
    assert cost["events"] == USERS * (1 + UPDATES + LOGINS)
    assert cost["real_changes"] == USERS * (1 + UPDATES)
    assert cost["messages"] > cost["events"]
    assert 0 < cost["ended_at_the_kill"] < cost["messages"]
    assert cost["writes"] < cost["real_changes"]

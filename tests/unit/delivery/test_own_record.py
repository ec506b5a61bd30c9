"""What a partition counts in its own record."""

from __future__ import annotations

import pytest

from processors.delivery.brake import within_the_hour
from processors.delivery.records import Meta
from processors.delivery.verdict import Action, End, OutcomeName, Settled
from tests.support.core import TOPIC, Owner, an_event, nothing

COUNTED = (
    ("applied", "deactivated"),
    ("applied", "deleted"),
    ("merged", "deactivated"),
    ("merged", "deleted"),
)
OTHERS = (("applied", "updated"), ("unchanged", "deactivated"), ("skipped", None))


def counted(outcome: OutcomeName, action: Action | None) -> int:
    """Return how many deactivations are counted after one event ends so."""
    owner = Owner().serve()
    owner.arrive(an_event(0))
    attempt = owner.start()
    owner.end(attempt, Settled((End(outcome, action),), attempt.link))
    owner.write()
    return within_the_hour(owner.core.durable.meta, owner.now)


@pytest.mark.parametrize(("outcome", "action"), COUNTED)
def test_what_takes_a_record_away_is_counted(
    outcome: OutcomeName, action: Action | None
) -> None:
    assert counted(outcome, action) == 1


@pytest.mark.parametrize(("outcome", "action"), OTHERS)
def test_what_leaves_it_is_not(outcome: OutcomeName, action: Action | None) -> None:
    assert counted(outcome, action) == 0


def test_counting_keeps_what_else_the_record_says() -> None:
    meta = Meta(TOPIC, start=0, commands=7, deactivations=((0, 2),))
    owner = Owner().serve(nothing(meta=meta))
    owner.arrive(an_event(3))
    attempt = owner.start()
    owner.end(attempt, Settled((End("applied", "deactivated"),), attempt.link))

    owner.write()

    found = owner.core.durable.meta
    assert (found.topic_id, found.commands) == (TOPIC, 7)
    assert found.deactivations == ((0, 3),)

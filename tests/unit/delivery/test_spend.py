"""Calls are counted in the partition's own record, where a budget asks for it."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from processors.delivery.records import Meta, PutMeta
from processors.delivery.spend import Spend
from processors.delivery.verdict import NotMade
from tests.support.core import TOPIC, Owner, an_event, rules, settled

HOURS = Spend(3600, 25)
NOON = 12 * 3600.0


def test_calls_are_counted_by_stretch_and_old_ones_forgotten() -> None:
    meta = HOURS.spent(Meta(), 2, NOON)
    meta = HOURS.spent(meta, 1, NOON + 3599)
    meta = HOURS.spent(meta, 4, NOON + 3600)
    assert meta.calls == ((12, 3), (13, 4))

    meta = HOURS.spent(meta, 1, NOON + 25 * 3600)

    assert meta.calls == ((13, 4), (37, 1))


def test_stretches_of_another_length_count_at_their_end() -> None:
    meta = Spend(3600, 25).spent(Meta(), 5, NOON)

    assert Spend(1800, 50).counts(meta) == {25: 5}
    assert Spend(7200, 13).counts(meta) == {6: 5}


@given(
    st.lists(st.tuples(st.integers(1, 9), st.floats(0, 9e4)), max_size=50),
    st.integers(1, 7200),
)
def test_no_call_of_a_day_is_forgotten(
    calls: list[tuple[int, float]], bucket_seconds: int
) -> None:
    spend = Spend(bucket_seconds, -(-86_400 // bucket_seconds) + 1)
    meta, now = Meta(), 1e6
    at: list[tuple[int, float]] = []

    for count, seconds in calls:
        now += seconds
        meta = spend.spent(meta, count, now)
        at.append((count, now))

    within_a_day = sum(count for count, moment in at if moment > now - 86_400)
    assert sum(spend.counts(meta).values()) >= within_a_day


def test_they_are_written_with_what_they_settled_once_for_all_of_it() -> None:
    owner = Owner(replace(rules(), spend=HOURS)).serve()
    owner.arrive(an_event(1, b"a"), an_event(2, b"b"))
    for _ in range(2):
        attempt = owner.start()
        owner.core.ended(attempt, settled(attempt), owner.now, 0.5, 3)

    metas = [r.meta for r in owner.write() if isinstance(r, PutMeta)]

    assert [meta.calls for meta in metas] == [((0, 6),)]
    assert owner.core.own.calls_counted() == {0: 6}


def test_calls_that_settled_nothing_are_written_with_the_next_that_do() -> None:
    owner = Owner(replace(rules(), spend=HOURS)).serve()
    owner.arrive(an_event(1))
    attempt = owner.start()
    owner.core.ended(attempt, NotMade(), owner.now, 0.5, 1)
    assert owner.core.want() == "nothing"

    attempt = owner.start()
    owner.core.ended(attempt, settled(attempt), owner.now, 0.5, 1)
    owner.write()

    assert owner.core.own.calls_counted() == {0: 2}
    assert owner.core.durable.meta.topic_id == TOPIC


def test_without_a_rule_nothing_is_counted() -> None:
    owner = Owner().serve()
    owner.arrive(an_event(1))
    attempt = owner.start()

    owner.core.ended(attempt, settled(attempt), owner.now, 0.5, 3)

    assert not any(isinstance(record, PutMeta) for record in owner.write())
    assert owner.core.own.calls_counted() == {}

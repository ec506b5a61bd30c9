"""What follows from what was loaded: plain functions."""

from __future__ import annotations

from processors.delivery.link import Link, encode
from processors.delivery.loading import in_order, prepare
from processors.delivery.operations import Operation
from processors.delivery.records import Meta, PutLink, PutMeta, Unpark
from tests.support.core import ANN, REF, TOPIC, nothing, parked


def test_a_partition_served_before_is_served_as_it_was() -> None:
    meta, entry = Meta(TOPIC, 5, 3, paused=True, reason="a fair"), parked(7)
    raw = {ANN: encode(Link(REF, 9))}

    prepared = prepare(nothing(links=raw, parked=[entry], meta=meta), TOPIC)

    assert prepared.durable.raw_links is raw
    assert prepared.durable.meta == meta
    assert prepared.durable.link(ANN).taken == 9
    assert prepared.parked == [entry]
    assert prepared.operations == [Operation((PutMeta(meta),))]
    assert prepared.to_commit is None


def test_a_new_destination_begins_at_its_start_and_commits_it() -> None:
    prepared = prepare(nothing(meta=None, committed=None, start=40), TOPIC)

    assert prepared.durable.meta == Meta(TOPIC, 40)
    assert prepared.operations == [Operation((PutMeta(Meta(TOPIC, 40)),))]
    assert prepared.to_commit == 40


def test_offsets_that_expired_are_not_committed_again() -> None:
    """Reading begins at the earliest there is, and skips what is before the start."""
    meta = Meta(TOPIC, 40)

    prepared = prepare(nothing(meta=meta, committed=None, start=99), TOPIC)

    assert prepared.durable.meta == meta
    assert prepared.to_commit is None


def test_of_another_topic_the_standing_orders_stay_and_the_start_is_new() -> None:
    meta = Meta("old-topic", 5, 3, paused=True, reason="a fair")

    prepared = prepare(nothing(meta=meta, committed=None, start=2), TOPIC)

    assert prepared.durable.meta == Meta(TOPIC, 2, 3, paused=True, reason="a fair")
    assert prepared.to_commit == 2


def test_nothing_behind_a_committed_offset_is_left_out() -> None:
    prepared = prepare(nothing(meta=None, committed=10, start=40), TOPIC)

    assert prepared.durable.meta.start == 10
    assert prepared.to_commit is None
    later = prepare(nothing(meta=None, committed=50, start=40), TOPIC)
    assert later.durable.meta.start == 40


def test_an_offset_without_our_mark_is_a_rewind_and_committed_last() -> None:
    entries = [parked(8), parked(3)]
    found = nothing(
        links={ANN: encode(Link(REF, 9))},
        parked=entries,
        meta=Meta(TOPIC, 5, 2),
        committed=4,
        marked=False,
    )

    prepared = prepare(found, TOPIC)

    assert prepared.operations == [
        Operation((PutLink(ANN, Link(REF, 3, 9)), Unpark(entries[0]))),
        Operation((PutMeta(Meta(TOPIC, 4, 2)),)),
    ]
    assert prepared.parked == [entries[1]]
    assert prepared.to_commit == 4


def test_a_rewind_leaves_an_older_topic_s_entries_and_an_earlier_start() -> None:
    old, here = parked(8), parked(4)
    old.topic_ref = "old-topi"
    found = nothing(parked=[here, old], meta=Meta(TOPIC, 5), committed=7, marked=False)

    prepared = prepare(found, TOPIC)

    assert prepared.durable.meta.start == 5
    assert prepared.operations == [Operation((PutMeta(Meta(TOPIC, 5)),))]
    assert prepared.parked == [old, here]
    assert prepared.to_commit == 7


def test_the_first_commit_of_an_operator_is_where_a_new_destination_begins() -> None:
    found = nothing(meta=None, committed=0, marked=False, start=40)

    prepared = prepare(found, TOPIC)

    assert prepared.to_commit == 0
    assert prepared.operations == [Operation((PutMeta(Meta(TOPIC, 0)),))]


def test_parked_events_run_in_the_order_of_the_log_older_topics_first() -> None:
    old = parked(8)
    old.topic_ref = "old-topi"
    events = [parked(9), parked(2), old]

    assert in_order(events, REF) == [old, events[1], events[0]]

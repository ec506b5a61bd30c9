"""A lane in its grace, and the brake: one partition, driven by hand."""

from __future__ import annotations

import pytest

from processors.delivery.brake import Brake, counted, within_the_hour
from processors.delivery.commands import BRAKED, Command
from processors.delivery.lane import Entry
from processors.delivery.lanes import Rules
from processors.delivery.link import Link, Open, decode, encode
from processors.delivery.records import Meta, Outcome, Park, PutLink, PutMeta
from processors.delivery.verdict import End, NeedsGrace, NeedsReview, Settled
from tests.support.core import ANN, BOB, REF, Owner, an_event, nothing, parked, rules

HOUR = 3600.0


def in_grace(due_at: float) -> Owner:
    """Return an owner whose one event waits until *due_at*, now being 100."""
    owner = Owner().serve()
    owner.arrive(an_event(0, received_at=90.0))
    owner.attempt(NeedsGrace(due_at, "deletion"))
    return owner


def test_a_grace_parks_the_lane_and_counts_no_attempt() -> None:
    owner = in_grace(150.0)

    (park,) = [record for record in owner.written if isinstance(record, Park)]
    assert park.entry == Entry("grace", 0, 150.0, 100.0, "deletion")
    assert owner.core.lanes.due_at() == 150.0


def test_a_grace_ends_at_its_time_when_the_log_has_been_read_so_far() -> None:
    owner = in_grace(150.0)
    owner.now = 150.0
    owner.core.end_read_at = 150.0

    owner.core.wake(owner.now)

    assert owner.start().number == 1


def test_a_grace_goes_on_while_the_log_has_not_been_read_so_far() -> None:
    owner = in_grace(150.0)
    owner.now = 5000.0  # the worker lags behind: it was away

    owner.core.wake(owner.now)

    assert owner.core.start() is None
    assert owner.core.lanes.due_at() == 5001.0


def test_a_newer_message_shows_how_far_the_log_has_been_read() -> None:
    owner = in_grace(150.0)
    owner.now = 200.0
    owner.arrive(an_event(1, BOB, received_at=151.0))
    owner.attempt()

    owner.core.wake(owner.now)
    owner.now = 201.0
    owner.core.wake(owner.now)

    assert owner.start().lane.user == ANN


def test_a_new_event_brings_no_grace_forward() -> None:
    owner = in_grace(150.0)

    owner.arrive(an_event(1, received_at=91.0))
    owner.write()

    assert owner.core.start() is None
    assert [event.offset for lane in owner.core.lanes for event in lane.events] == [
        0,
        1,
    ]


def test_an_attempt_is_told_how_far_the_log_has_been_read() -> None:
    owner = Owner().serve()
    owner.arrive(an_event(0, received_at=90.0))
    owner.core.end_read_at = 95.0

    assert owner.start().read_until == 95.0


# ---- open items


def test_an_open_item_says_in_the_link_why_and_is_tried_again_at_its_time() -> None:
    owner = Owner().serve()
    owner.arrive(an_event(0))
    link = Link(REF, open=Open("unmatched", "keys", 100.0))

    owner.attempt(NeedsReview("unmatched", frozenset(), link, recheck_at=500.0))

    (put,) = [record for record in owner.written if isinstance(record, PutLink)]
    assert put.link.open == link.open
    owner.now = 500.0
    owner.core.wake(owner.now)
    assert owner.start().link.open == link.open


def test_a_link_is_read_back_as_it_was_written() -> None:
    version = an_event(3).change
    assert version is not None
    link = Link(
        REF,
        7,
        record_id="42",
        marks={"deleted": version.version},
        open=Open("gone", "k", 1.5),
        confirmed=6,
    )

    assert decode(encode(link)) == link


# ---- the brake

DEACTIVATED = End("applied", "deactivated", "42")


def braked(limit: int | None, partitions: int = 1) -> Owner:
    known = rules()
    brake = Brake(limit, partitions)
    return Owner(Rules(known.bounds, known.retry, brake=brake)).serve()


@pytest.mark.parametrize(
    ("limit", "partitions", "links", "most"),
    [
        (None, 1, 0, 20),
        (None, 12, 0, 2),
        (None, 12, 1_000, 2),
        (None, 12, 100_000, 100),
        (24, 12, 10**6, 2),
        (25, 12, 0, 3),
        (1, 12, 0, 1),
    ],
)
def test_a_partition_has_its_share_of_the_limit_rounded_up(
    limit: int | None, partitions: int, links: int, most: int
) -> None:
    brake, meta, done = Brake(limit, partitions), Meta(), 0

    while brake.allows(meta, links, 0, now=1000.0):
        meta, done = counted(meta, 1000.0), done + 1

    assert done == most


def test_only_the_last_hour_counts() -> None:
    meta = Meta()
    for minute in range(90):
        meta = counted(meta, minute * 60.0)

    assert 55 <= within_the_hour(meta, 89 * 60.0) <= 60
    assert within_the_hour(meta, 89 * 60.0 + HOUR + 300) == 0
    assert len(meta.deactivations) <= 12


def test_deactivations_are_counted_in_the_partitions_record_once_they_are_durable() -> (
    None
):
    owner = braked(2)
    for offset, user in enumerate((ANN, BOB)):
        owner.arrive(an_event(offset, user))
        attempt = owner.start()
        assert owner.core.own.may_deactivate(attempt, owner.now)
        owner.end(attempt, Settled((DEACTIVATED,), attempt.link))

    assert within_the_hour(owner.core.durable.meta, owner.now) == 0
    owner.write()

    assert within_the_hour(owner.core.durable.meta, owner.now) == 2


def test_what_is_under_way_counts_and_what_failed_does_not() -> None:
    owner = braked(1)
    owner.arrive(an_event(0, ANN), an_event(1, BOB))
    first, second = owner.start(), owner.start()

    assert owner.core.own.may_deactivate(first, owner.now)
    assert owner.core.own.may_deactivate(first, owner.now)
    assert not owner.core.own.may_deactivate(second, owner.now)
    owner.end(first, NeedsReview("ambiguous"))
    assert owner.core.own.may_deactivate(second, owner.now)


def waiting(order: str) -> Owner:
    """Return an owner of one event that the brake holds, after an order."""
    owner = braked(1)
    owner = Owner(owner.core.rules).serve(
        nothing(parked=[parked(3, state="review", reason=BRAKED)])
    )
    owner.core.command(Command(0, order, ANN, REF, 3), owner.now)  # type: ignore[arg-type]  # a name of one
    event = owner.core.commands.missing(owner.core.lanes)
    assert event is not None
    event.body, event.change = "body 3", an_event(3).change
    owner.core.filled(owner.now)
    owner.write()
    return owner


def test_what_is_confirmed_is_let_through_and_not_counted_against_the_limit() -> None:
    owner = waiting("confirm")
    for _ in range(5):
        owner.core.own._next = counted(owner.core.durable.meta, owner.now)

    attempt = owner.start()

    assert attempt.link.confirmed == 3
    assert owner.core.own.may_deactivate(attempt, owner.now)


def test_what_was_confirmed_does_not_hold_up_what_comes_after() -> None:
    owner = waiting("confirm")
    attempt = owner.start()
    assert owner.core.own.may_deactivate(attempt, owner.now)

    owner.end(attempt, Settled((DEACTIVATED,), attempt.link))
    owner.write()

    assert within_the_hour(owner.core.durable.meta, owner.now) == 0
    owner.arrive(an_event(4, BOB))
    assert owner.core.own.may_deactivate(owner.start(), owner.now)


def test_what_is_discarded_ends_as_ignored() -> None:
    owner = waiting("discard")

    (outcome,) = [record for record in owner.written if isinstance(record, Outcome)]
    assert outcome.end.outcome == "ignored"
    assert len(owner.core.lanes) == 0


@pytest.mark.parametrize("order", ["confirm", "discard"])
def test_neither_is_for_what_waits_for_another_reason(order: str) -> None:
    owner = Owner().serve(
        nothing(parked=[parked(3, state="review", reason="unmatched")])
    )
    owner.core.command(Command(0, order, ANN, REF, 3), owner.now)  # type: ignore[arg-type]  # a name of one
    event = owner.core.commands.missing(owner.core.lanes)
    assert event is not None
    event.body = "body 3"
    owner.core.filled(owner.now)

    written = owner.write()

    assert [type(record) for record in written] == [PutMeta]


# ---- what ends a fold


def test_nothing_is_folded_that_comes_after_a_deletion_that_removes_the_record() -> (
    None
):
    known = rules()
    ends_fold = frozenset({"user.deleted"})
    owner = Owner(Rules(known.bounds, known.retry, ends_fold=ends_fold)).serve()
    owner.arrive(an_event(0))
    first = owner.start()
    owner.arrive(
        an_event(1), an_event(2, event_type="user.deleted"), an_event(3), an_event(4)
    )
    owner.end(first)
    owner.write()

    second = owner.start()

    assert [event.offset for event in second.events] == [1, 2]

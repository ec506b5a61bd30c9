"""The order to make a record for an open item: records compared whole."""

from __future__ import annotations

from typing import Any

import pytest

from processors.delivery.commands import BRAKED, CREATED, Command
from processors.delivery.lane import Entry, Lane
from processors.delivery.link import Link, Open, encode
from processors.delivery.operations import Changes
from processors.delivery.records import Meta, Park, PutLink, PutMeta
from processors.delivery.verdict import NeedsReview, RetryLater
from tests.support.core import ANN, APPLIED, REF, TOPIC, Owner, fetch, nothing, parked

WAITS = Link(REF, 5, open=Open("unmatched", "keys", 7.0))
ORDERED = WAITS.but(open=None, create=f"{REF}@5")


def waiting(**entry: Any) -> Owner:
    """Return an owner of one open item, the event at offset 5."""
    known: dict[str, Any] = {"state": "review", "reason": "unmatched", "attempts": 1}
    event = parked(5, **(known | {"first_failed_at": 7.0} | entry))
    return Owner().serve(nothing(links={ANN: encode(WAITS)}, parked=[event]))


def ordered(owner: Owner, event: int = 5, ref: str = REF) -> None:
    """Order a creation for the event, and carry it out."""
    owner.core.command(Command(17, "create", ANN, ref, event), owner.now)
    lane = owner.core.lanes.get(ANN)
    assert lane is not None
    fetch(lane.events)
    owner.core.filled(owner.now)


@pytest.mark.parametrize("reason", CREATED)
def test_an_order_is_kept_in_the_link_and_the_item_tried_at_once(reason: str) -> None:
    owner = waiting(reason=reason)
    ordered(owner)

    [link, park, meta] = owner.write()

    assert link == PutLink(ANN, ORDERED)
    assert isinstance(park, Park)
    assert park.entry == Entry("waiting", 1, owner.now, 7.0, reason)
    assert meta == PutMeta(Meta(TOPIC, commands=17))
    assert owner.start().link == ORDERED


@pytest.mark.parametrize(
    "entry",
    [
        {"reason": BRAKED},
        {"reason": "merged"},
        {"reason": "hint_conflict"},
        {"state": "held"},
        {"state": "waiting", "due_at": 1e9},
        {"state": "grace", "due_at": 1e9},
    ],
)
def test_an_order_for_what_no_creation_settles_is_noted_and_changes_nothing(
    entry: dict[str, Any],
) -> None:
    owner = waiting(**entry)
    ordered(owner)

    assert owner.write() == [PutMeta(Meta(TOPIC, commands=17))]
    assert owner.core.durable.link(ANN) == WAITS


@pytest.mark.parametrize(("event", "ref"), [(4, REF), (5, "old-topi")])
def test_an_order_for_another_event_changes_nothing(event: int, ref: str) -> None:
    owner = waiting()
    ordered(owner, event, ref)

    assert owner.write() == [PutMeta(Meta(TOPIC, commands=17))]


def test_an_order_outlives_the_worker_that_carried_it_out() -> None:
    owner = waiting()
    ordered(owner)
    owner.write()
    raw = dict(owner.core.durable.raw_links)

    event = parked(5, attempts=1, due_at=owner.now, first_failed_at=7.0)
    meta = Meta(TOPIC, commands=17)
    heir = Owner().serve(nothing(links=raw, parked=[event], meta=meta))
    heir.core.command(Command(17, "create", ANN, REF, 5), heir.now)

    assert heir.write() == []
    assert heir.start().link == ORDERED


def test_an_order_outlives_an_attempt_that_failed() -> None:
    owner = waiting()
    ordered(owner)
    owner.write()

    owner.end(owner.start(), RetryLater("HTTP 503"))
    owner.write()

    assert owner.core.durable.link(ANN).create == ORDERED.create


def test_an_order_has_ended_when_its_event_has() -> None:
    owner = waiting()
    ordered(owner)
    owner.write()

    owner.end(owner.start())
    owner.write()

    assert owner.core.durable.link(ANN).create == ""


def test_the_end_of_another_event_leaves_an_order_as_it_is() -> None:
    event, other = parked(5, state="review"), parked(6)
    changes = Changes(Lane(ANN), ORDERED)

    changes.settle(other, APPLIED, 1)
    assert changes.link.create == ORDERED.create
    changes.settle(event, APPLIED, 1)

    assert changes.link.create == ""


def test_an_item_that_stays_open_is_one_again() -> None:
    owner = waiting()
    ordered(owner)
    owner.write()
    attempt = owner.start()

    open_again = attempt.link.but(create="", open=Open("ambiguous", "keys", 9.0))
    owner.end(attempt, NeedsReview("ambiguous", link=open_again, recheck_at=1e9))
    owner.write()

    assert owner.core.durable.link(ANN) == open_again

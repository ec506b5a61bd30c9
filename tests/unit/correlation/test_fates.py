"""Deletions, merges and their marks: in any order, and any number of them."""

from __future__ import annotations

import contextlib
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.model import Event
from processors.correlation.calls import Deactivate, Restore, Update
from processors.correlation.correlate import Moment
from processors.correlation.reading import Item
from processors.delivery.verdict import NeedsGrace, NeedsReview
from tests.support.records import MAIL, Lost, User, active, event, linked, mark, rules


def test_a_mark_is_noted_and_kept_in_the_link_of_a_user_never_seen_too() -> None:
    user = User(rules())

    assert user.outcomes(mark("merged", 20)) == ["noted"]
    assert user.link.marks
    assert user.records.calls == []


@pytest.mark.parametrize("folded", [True, False])
@pytest.mark.parametrize("order", list(permutations(range(2))))
def test_a_deletion_with_a_mark_in_either_order_is_merged_and_kept(
    order: tuple[int, ...], *, folded: bool
) -> None:
    user = linked()
    events = [event("deleted", 20), mark("merged", 21)]
    events = [events[place] for place in order]

    if folded:
        outcomes = user.outcomes(*events)
        assert sorted(outcomes) == ["merged", "noted"]
        assert user.records.calls == []
    else:
        for each in events:
            user.takes(each)

    assert active(user)


def test_a_mark_after_the_deactivation_restores() -> None:
    user = linked()
    user.takes(event("deleted", 20))

    assert user.outcomes(mark("merged", 19)) == ["restored"]
    assert user.records.calls == [Deactivate("c1"), Restore("c1")]


def test_a_mark_that_comes_after_a_try_of_the_deletion_restores() -> None:
    user = linked()
    items = user.items(event("deleted", 20), received_at=0.0)
    items += user.items(mark("merged", 21), received_at=1000.0)
    user.records.held["c1"].active = False  # the deletion was tried, its answer lost

    user.tries(items)

    assert active(user)


@pytest.mark.parametrize(
    ("at", "deleted_at", "kept"),
    [
        (9, 30, False),
        (11, 30, True),
        (139, 200, False),
        (140, 200, True),
        (300, 200, True),
    ],
)
def test_a_mark_counts_when_newer_than_the_last_change_and_within_the_grace(
    at: float, deleted_at: float, *, kept: bool
) -> None:
    user = linked()

    user.takes(mark("merged", at))
    user.takes(event("deleted", deleted_at))

    assert active(user) == kept


@pytest.mark.parametrize("policy", ["keep", "deactivate", "review"])
def test_a_merge_follows_its_policy(policy: str) -> None:
    user = linked(merged=policy)

    verdict = user.takes(event("deleted", 20), mark("merged", 21))

    assert isinstance(verdict, NeedsReview) == (policy == "review")
    assert active(user) == (policy != "deactivate")


@pytest.mark.parametrize("policy", ["deactivate", "delete", "ignore"])
def test_when_the_primary_goes_the_kept_record_follows_on_deleted(policy: str) -> None:
    user = linked(deleted=policy)
    user.takes(event("deleted", 20), mark("merged", 21))

    user.takes(mark("deleted", 50))

    match policy:
        case "deactivate":
            assert not active(user)
        case "delete":
            assert user.records.held == {}
        case _:
            assert active(user)


def test_a_login_that_went_from_one_primary_to_another_stays() -> None:
    user = linked()
    user.takes(event("deleted", 20), mark("merged", 21, "auth0|p"))
    user.takes(mark("merged", 49, "auth0|q"))

    user.takes(mark("deleted", 50, "auth0|p"))

    assert active(user)


MARKS: list[Event] = [
    event("deleted", 20),
    event("deleted", 90),
    mark("merged", 19, "auth0|p"),
    mark("merged", 21, "auth0|p"),
    mark("merged", 60, "auth0|q"),
    mark("deleted", 70, "auth0|p"),
    mark("deleted", 95, "auth0|q"),
]


@given(
    st.lists(st.sampled_from(MARKS), min_size=1, max_size=6).flatmap(
        lambda events: st.tuples(st.just(events), st.permutations(events * 2))
    ),
    st.lists(st.integers(1, 4), min_size=12, max_size=12),
)
def test_marks_and_deletions_in_any_order_and_number_end_the_same(
    given_: tuple[list[Event], list[Event]], folds: list[int]
) -> None:
    once, shuffled = given_
    straight, other = linked(), linked()

    straight.takes(*once)
    left = list(shuffled)
    for fold in folds:
        if left:
            other.takes(*left[:fold])
            left = left[fold:]

    assert active(other) == active(straight)


STORY = [*MARKS, *(event("updated", at, name=f"Ann {at}") for at in (18, 22, 65, 99))]


@given(
    st.lists(st.sampled_from(STORY), min_size=1, max_size=6, unique_by=lambda e: e.id),
    st.lists(st.tuples(st.integers(1, 6), st.sampled_from([1, 2, None])), max_size=6),
)
def test_attempts_whose_answers_were_lost_change_nothing_in_the_end(
    events: list[Event], attempts: list[tuple[int, int | None]]
) -> None:
    straight, other = linked(), linked()

    for each in events:
        straight.takes(each)
    lane, tried = list[Item](), 0
    for number, each in enumerate(events):  # each comes when the grace is over
        lane += other.items(each, received_at=1000.0 * number)
    for more, lost_after in [*attempts, (6, None)]:
        tried = max(tried, more)  # what was tried together is tried together again
        with contextlib.suppress(Lost):
            if lane:
                other.tries(lane[:tried], lost_after=lost_after)
                lane, tried = lane[tried:], 0

    assert lane == []
    assert active(other) == active(straight)


def test_a_change_restores_whom_an_unanswered_mark_deactivated() -> None:
    user = linked()
    [gone] = items = user.items(mark("deleted", 20))
    with pytest.raises(Lost):
        user.tries([gone], lost_after=1)
    items += user.items(event("updated", 30, name="Ann B"), received_at=1000.0)

    user.tries(items)

    restored = [Restore("c1"), Update("c1", {"name": "Ann B"})]
    assert user.records.calls == [Deactivate("c1"), *restored]


# ---- grace


def test_a_deletion_waits_until_the_log_has_been_read_past_its_grace() -> None:
    user = linked()
    items = user.items(event("deleted", 20), received_at=1000.0)

    user.moment = Moment(1e9, 1059.9)
    waits = user.tries(items)
    user.moment = Moment(1e9, 1060.0)
    user.tries(items)

    assert waits == NeedsGrace(1060.0, "deletion")
    assert user.records.calls == [Deactivate("c1")]


def test_a_deletion_that_is_known_to_be_a_merge_need_not_wait() -> None:
    user = linked()
    user.takes(mark("merged", 19))
    user.moment = Moment(0.0, 0.0)

    assert user.outcomes(event("deleted", 20)) == ["merged"]


def test_an_update_that_finds_nobody_waits_for_its_creation() -> None:
    user = User(rules())
    items = user.items(event("updated", 20, email=MAIL, name="B"), received_at=1000.0)

    user.moment = Moment(1000.0, 1029.0)
    waits = user.tries(items)
    items += user.items(event("created", 10, email=MAIL, name="A", phone_number="1"))
    user.tries(items)

    assert waits == NeedsGrace(1030.0, "unmatched")
    assert user.records.held["c1"].fields["name"] == "B"
    assert user.records.held["c1"].fields["phone"] == "1"


# ---- what comes after


def test_what_a_primary_takes_along_is_told_anew_when_the_user_comes_back() -> None:
    user = linked()
    user.takes(event("updated", 20, name="Bea"), mark("deleted", 30))

    user.takes(event("created", 40, email=MAIL, name="Bea"))

    assert user.records.held["c1"].fields["name"] == "Bea"
    assert active(user)


def test_a_change_that_comes_late_shows_that_a_mark_was_of_before_it() -> None:
    straight, late = linked(), linked()

    straight.takes(mark("merged", 20))
    straight.takes(event("updated", 21, name="Bea"))
    straight.takes(event("deleted", 22))
    late.takes(mark("merged", 20))
    late.takes(event("deleted", 22))
    late.takes(event("updated", 21, name="Bea"))

    assert not active(straight)
    assert not active(late)

"""Whatever comes in which order, the record ends as applying all in order of time."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.model import Event
from processors.correlation.calls import Create, Update
from processors.correlation.reading import Item
from processors.correlation.rules import Rules
from processors.delivery.verdict import Settled
from tests.support.records import Lost, User, event, rules

MAILS = ("a@example.com", "b@example.com")
PROFILE = st.fixed_dictionaries(
    {},
    optional={
        "email": st.sampled_from(MAILS),
        "name": st.sampled_from(("A", "B", None, "")),
        "phone_number": st.sampled_from(("1", "2")),
    },
)
CHANGE = st.tuples(st.sampled_from(("created", "updated")), PROFILE)
NOTHING: dict[str, Any] = {}
DELETION = st.tuples(st.just("deleted"), st.just(NOTHING))
# Of each event: what it is, then how it is delivered.
HISTORIES = st.lists(
    st.one_of(CHANGE, CHANGE, CHANGE, DELETION), min_size=1, max_size=7
)
FOLDS = st.lists(st.integers(1, 4), min_size=16, max_size=16)
LOST = st.lists(st.none() | st.integers(1, 3), min_size=16, max_size=16)


def history(kinds: list[tuple[str, dict[str, Any]]]) -> list[Event]:
    """Return the events, in the order of their times."""
    return [event(kind, at, **values) for at, (kind, values) in enumerate(kinds, 1)]


def declared(**on: str) -> Rules:
    return rules(on={"updated_missing": "create", **on})


def deliver(
    user: User, events: list[Event], folds: list[int], lost: list[int | None]
) -> None:
    """Deliver *events* in folds; where an answer is lost, all that waits is folded."""
    left, waiting = list(events), list[Item]()
    for fold, lost_after in zip(folds, lost, strict=True):
        waiting += user.items(*left[:fold])
        left = left[fold:]
        if waiting:
            with contextlib.suppress(Lost):
                user.tries(waiting, lost_after=lost_after)
                waiting = []
    waiting += user.items(*left)
    if waiting:
        assert isinstance(user.tries(waiting), Settled)


def expected(events: list[Event]) -> tuple[dict[str, Any], bool]:
    """Return the newest value of each field that was ever present, and if active."""
    fields: dict[str, Any] = {}
    active = True
    for each in events:
        active = each.type != "user.deleted"
        for target, source in (
            ("email",) * 2,
            ("name",) * 2,
            ("phone", "phone_number"),
        ):
            value = each.profile.get(source)
            if value not in (None, ""):
                fields[target] = value
    return fields, active


def final(user: User) -> tuple[dict[str, Any], bool] | None:
    (record,) = user.records.held.values()
    fields = {name: v for name, v in record.fields.items() if name != "own"}
    return fields, record.active


@given(HISTORIES, st.randoms(use_true_random=False), FOLDS, LOST)
def test_the_final_record_is_what_applying_in_order_of_time_gives(
    kinds: list[tuple[str, dict[str, Any]]],
    chance: Any,
    folds: list[int],
    lost: list[int | None],
) -> None:
    user = User(declared())
    first = event("created", 0, email=MAILS[0])
    user.takes(first)
    events = history(kinds)
    shuffled = [*events, *chance.sample(events, len(events) // 2)]
    chance.shuffle(shuffled)

    deliver(user, shuffled, folds, lost)

    fields, active = final(user) or ({}, False)
    wanted, is_active = expected([first, *events])
    # What a deletion covers and no newer event carries is as it was at one time.
    deleted = max(
        (n for n, (kind, _) in enumerate(kinds) if kind == "deleted"), default=-1
    )
    newer, _ = expected(events[deleted + 1 :])
    assert active == is_active
    assert fields.items() >= newer.items()
    if deleted < 0:
        assert fields == wanted


@given(HISTORIES, st.randoms(use_true_random=False), FOLDS, LOST)
def test_one_user_never_has_two_creates_and_no_value_is_made_up(
    kinds: list[tuple[str, dict[str, Any]]],
    chance: Any,
    folds: list[int],
    lost: list[int | None],
) -> None:
    user = User(declared())
    events = history(kinds)
    chance.shuffle(events)

    deliver(user, events, folds, lost)

    creates = [call for call in user.records.calls if isinstance(call, Create)]
    assert len(creates) <= 1
    carried = {str(v) for each in events for v in each.profile.values()}
    for call in user.records.calls:
        if isinstance(call, Create | Update):
            assert {str(value) for value in call.fields.values()} <= carried
            assert None not in call.fields.values()


@given(kinds=HISTORIES, folds=FOLDS, backwards=st.booleans())
def test_folding_changes_the_number_of_calls_and_never_the_final_record(
    kinds: list[tuple[str, dict[str, Any]]], folds: list[int], *, backwards: bool
) -> None:
    events = history(kinds)[:: -1 if backwards else 1]
    first = event("created", 0, email=MAILS[0], name="Z", phone_number="0")
    folded, single = User(declared()), User(declared())
    for user in (folded, single):
        user.takes(first)

    deliver(folded, events, folds, [None] * 16)
    deliver(single, events, [1] * 16, [None] * 16)

    if any(kind == "deleted" for kind, _ in kinds):  # what it covers is not sent first
        assert folded.records.held["c1"].active == single.records.held["c1"].active
    else:
        assert final(folded) == final(single)
        assert len(folded.records.writes) <= len(single.records.writes)


@pytest.mark.parametrize("heard", [True, False])
def test_a_value_that_goes_there_and_back_ends_as_it_began(*, heard: bool) -> None:
    user = User(declared())
    user.takes(event("created", 1, email=MAILS[0], name="A"))
    waiting = user.items(event("updated", 2, name="B"))

    if heard:
        user.tries(waiting)
        waiting = []
    else:
        with contextlib.suppress(Lost):
            user.tries(waiting, lost_after=1)
    user.tries([*waiting, *user.items(event("updated", 3, name="A"))])

    assert user.records.held["c1"].fields["name"] == "A"


def test_forty_waiting_updates_cost_one_call() -> None:
    user = User(declared())
    user.takes(event("created", 1, email=MAILS[0]))
    user.records.calls.clear()

    user.takes(*[event("updated", 2 + n, name=f"n{n}") for n in range(40)])

    assert user.records.calls == [Update("c1", {"name": "n39"})]

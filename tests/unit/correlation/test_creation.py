"""A person wants a record to be made for an open item: when one is, and when not."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from processors.correlation.calls import Answer, Call, Conflict, Create, Find
from processors.correlation.creation import refusal
from processors.correlation.reading import Item
from processors.correlation.rules import Lookup
from processors.delivery.commands import CREATED
from processors.delivery.verdict import NeedsReview, ReviewReason, Verdict
from tests.support.known_record import MAIL, known
from tests.support.records import USER, Lost, Records, User, event, rules

UNVERIFIED: dict[str, Any] = {"email": MAIL, "email_verified": False}
BOTH = frozenset(("email", "user_id"))


def open_item(user: User, reason: str, *items: Item) -> list[Item]:
    """Try *items*, which must wait for a person then."""
    waiting = list(items)
    verdict = user.tries(waiting)
    assert isinstance(verdict, NeedsReview)
    assert verdict.reason == reason
    user.records.calls.clear()
    return waiting


def order(user: User, item: Item) -> None:
    """Have a person want a record to be made for *item*, as the command does."""
    user.link = user.link.but(create=item.place, open=None)


def unmatched(**more: Any) -> tuple[User, Item]:
    """Return a user whom nobody was found for, and the event that waits."""
    user = User(rules(**more))
    [item] = user.items(event("updated", 1, email=MAIL, name="Ann"))
    open_item(user, "unmatched", item)
    return user, item


def again(user: User, item: Item, *, lost_after: int | None = None) -> Verdict:
    """Order a creation for *item*, and try it."""
    order(user, item)
    return user.tries([item], lost_after=lost_after)


def still(verdict: Verdict) -> str:
    """Return why the item is open still."""
    assert isinstance(verdict, NeedsReview), verdict
    return verdict.reason


# ---- made


def test_a_record_is_made_for_whom_nobody_was_found() -> None:
    user, item = unmatched()

    again(user, item)

    assert user.link.record_id == "c1"
    made = {"email": MAIL, "name": "Ann", "own": USER}
    assert user.records.held["c1"].fields == made


def test_who_is_found_by_now_is_updated_and_no_record_is_made() -> None:
    user, item = unmatched()
    user.records.add("late", email=MAIL)

    again(user, item)

    assert user.link.record_id == "late"
    assert list(user.records.held) == ["late"]


def test_a_record_that_is_gone_is_made_anew() -> None:
    user = User(rules())
    user.takes(event("created", 1, email=MAIL))
    user.records.held.clear()
    [item] = open_item(
        user, "gone", *user.items(event("updated", 2, email=MAIL, name="Ann"))
    )

    again(user, item)

    assert user.records.held["c1"].fields["name"] == "Ann"


@pytest.mark.parametrize("owners", [("auth0|2",), ("", "")])
def test_a_record_is_made_beside_others_with_its_address(
    owners: tuple[str, ...],
) -> None:
    records = Records()
    for number, owner in enumerate(owners):
        records.add(f"r{number}", email=MAIL, own=owner)
    user = User(rules(), records)
    [item] = open_item(user, "ambiguous", *user.items(event("created", 1, email=MAIL)))

    again(user, item)

    assert user.link.record_id == f"c{len(owners) + 1}"
    assert [type(call) for call in records.writes] == [Create]


def test_a_record_is_made_without_the_address_that_nobody_verified() -> None:
    user = User(rules())
    [item] = open_item(
        user, "unverified", *user.items(event("created", 1, name="Ann", **UNVERIFIED))
    )

    again(user, item)

    assert user.records.held["c1"].fields == {"name": "Ann", "own": USER}


def test_an_event_that_came_since_is_part_of_the_creation() -> None:
    user, item = unmatched()
    order(user, item)

    user.tries([item, *user.items(event("updated", 2, phone_number="1"))])

    assert user.records.held["c1"].fields["phone"] == "1"


# ---- made once


def test_a_creation_whose_answer_was_lost_is_found_and_not_repeated() -> None:
    user, item = unmatched()
    with pytest.raises(Lost):
        again(user, item, lost_after=3)
    assert list(user.records.held) == ["c1"]

    user.tries([item])

    assert user.link.record_id == "c1"
    assert list(user.records.held) == ["c1"]


class ByEmail(Records):
    """Does not search by user_id, as where that search lags behind."""

    def answer(self, call: Call) -> Answer:
        """Find nobody by user_id."""
        by_user_id = isinstance(call, Find) and call.key == "user_id"
        return super().answer(Find("?", "user_id") if by_user_id else call)


def test_one_of_several_that_has_the_user_id_is_the_one_that_was_made() -> None:
    records = ByEmail()
    records.add("one", email=MAIL)
    records.add("two", email=MAIL)
    user = User(rules(), records)
    [item] = open_item(user, "ambiguous", *user.items(event("created", 1, email=MAIL)))
    with pytest.raises(Lost):
        again(user, item, lost_after=3)
    assert records.held["c3"].fields["own"] == USER

    user.tries([item])

    assert user.link.record_id == "c3"
    assert list(records.held) == ["one", "two", "c3"]


def test_an_order_is_for_one_attempt_that_comes_to_an_end() -> None:
    class Unique(Records):
        """Takes no second record with an address."""

        def answer(self, call: Call) -> Answer:
            """Refuse every creation."""
            answered = super().answer(call) if not isinstance(call, Create) else None
            return answered or Conflict()

    records = Unique()
    records.add("hers", email=MAIL, own="auth0|2")
    user = User(rules(), records)
    [item] = open_item(user, "ambiguous", *user.items(event("created", 1, email=MAIL)))

    assert still(again(user, item)) == "ambiguous"
    assert user.link.create == ""
    assert user.link.open is not None


def test_an_order_for_another_event_makes_nothing() -> None:
    user, item = unmatched()
    later = user.items(event("updated", 2, email=MAIL))
    order(user, item)

    assert still(user.tries(later)) == "unmatched"
    assert user.records.writes == []


# ---- not made


def test_no_record_is_made_where_two_are_the_user_s() -> None:
    records = Records()
    records.add("one", own=USER)
    records.add("two", own=USER)
    user = User(rules(), records)
    [item] = open_item(user, "ambiguous", *user.items(event("created", 1, email=MAIL)))

    assert still(again(user, item)) == "ambiguous"
    assert records.writes == []


def test_no_record_is_made_that_nothing_would_tell_from_the_others() -> None:
    records = known()
    records.add("twin", email=MAIL)
    user = User(rules(lookup={"user_id_field": None}), records)
    [item] = open_item(user, "ambiguous", *user.items(event("created", 1, email=MAIL)))

    assert still(again(user, item)) == "ambiguous"
    assert records.writes == []


def test_no_record_is_made_that_could_not_be_found_again() -> None:
    user = User(rules(lookup={"user_id_field": None}))
    [item] = open_item(
        user, "unverified", *user.items(event("created", 1, name="Ann", **UNVERIFIED))
    )

    assert still(again(user, item)) == "unverified"
    assert user.records.writes == []


def test_no_record_is_made_for_a_user_who_was_deleted() -> None:
    user = User(rules(on={"deleted_missing": "review"}))
    [item] = open_item(user, "unmatched", *user.items(event("deleted", 1)))

    assert still(again(user, item)) == "unmatched"
    assert user.records.writes == []


def test_who_only_observes_makes_no_record() -> None:
    user, item = unmatched(mode="observe")

    again(user, item)

    assert user.records.writes == []


@pytest.mark.parametrize("reason", get_args(ReviewReason))
def test_a_creation_is_refused_where_another_decision_is_asked_for(
    reason: ReviewReason,
) -> None:
    refused = refusal(reason, Lookup(user_id_field="own"), BOTH)

    assert (refused is None) == (reason in CREATED)


@pytest.mark.parametrize(
    ("reason", "own", "look_ups", "said"),
    [
        ("mass_deactivation", "own", BOTH, "keepstep deactivations confirm"),
        ("ambiguous", None, {"email"}, "without lookup.user_id_field"),
        ("ambiguous", "own", {"email"}, None),
        ("unverified", "own", {"email"}, "without requests.find_by_user_id"),
        ("unverified", None, {"email"}, "without requests.find_by_user_id"),
        ("gone", None, {"email"}, None),
        ("a reason of a later release", "own", BOTH, "no record is ever made"),
    ],
)
def test_a_refusal_names_what_helps(
    reason: str, own: str | None, look_ups: set[str], said: str | None
) -> None:
    refused = refusal(reason, Lookup(user_id_field=own), look_ups)

    assert (refused is None) == (said is None)
    assert said is None or said in (refused or "")

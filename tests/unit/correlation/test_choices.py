"""Who is taken up, what is only observed, and what waits for a person."""

from __future__ import annotations

from typing import Any

import pytest

from processors.correlation.calls import (
    Answer,
    Call,
    Conflict,
    Create,
    Fetch,
    Find,
    Update,
)
from processors.correlation.correlate import Moment
from processors.delivery.verdict import NeedsReview, Settled
from tests.support.records import MAIL, USER, Records, User, event, mark, rules

SELECT = "$exists(app_metadata.plan)"
PRO: dict[str, Any] = {"app_metadata": {"plan": "pro"}}

# ---- select


def test_a_user_without_a_link_who_is_not_selected_is_not_taken_up() -> None:
    user = User(rules(select=SELECT))

    assert user.outcomes(event("created", 1, email=MAIL)) == ["not_selected"]
    assert user.records.calls == []


def test_a_user_is_taken_up_by_the_first_event_that_selects_them() -> None:
    user = User(rules(select=SELECT, on={"updated_missing": "create"}))

    first = event("created", 1, email=MAIL, name="Ann")
    found = user.outcomes(first, event("updated", 2, email=MAIL, **PRO))

    assert found == ["not_selected", "created"]
    assert "name" not in user.records.held["c1"].fields


def test_deletions_and_control_events_always_pass() -> None:
    user = User(rules(select=SELECT))

    assert user.outcomes(mark("merged", 1)) == ["noted"]
    assert user.outcomes(event("deleted", 100)) == ["skipped"]


@pytest.mark.parametrize("policy", ["ignore", "deactivate"])
def test_a_linked_user_for_whom_select_turns_false_follows_the_policy(
    policy: str,
) -> None:
    user = User(rules(select=SELECT, on={"deselected": policy}))
    user.takes(event("created", 1, email=MAIL, **PRO))

    user.takes(event("updated", 2, email=MAIL, name="Ann"))

    assert user.records.held["c1"].fields["name"] == "Ann"
    assert user.records.held["c1"].active == (policy == "ignore")
    user.takes(event("updated", 3, email=MAIL, **PRO))
    assert user.records.held["c1"].active


# ---- observe


def test_who_observes_reads_and_never_writes() -> None:
    records = Records()
    records.add("old", email=MAIL)
    user = User(rules(mode="observe", on={"first_link": "fill_empty"}), records)

    first = user.ends(event("updated", 1, email=MAIL, name="Ann"))
    second = user.ends(event("updated", 2, email=MAIL, name="Ann"))
    third = user.ends(event("deleted", 3))

    assert [end.outcome for end in first] == ["would_apply"]
    assert (first[0].action, first[0].record_id) == ("updated", "old")
    assert first[0].fields == ("name", "own")
    assert second[0].outcome == "unchanged"
    assert third[0].action == "deactivated"
    assert records.writes == []
    assert Fetch("old") in records.calls


def test_who_observes_takes_a_record_that_would_be_made_for_made() -> None:
    user = User(rules(mode="observe"))

    made = user.ends(event("created", 1, email=MAIL))
    changed = user.ends(event("updated", 2, name="Ann"))

    assert (made[0].action, made[0].record_id) == ("created", None)
    assert (changed[0].action, changed[0].record_id) == ("updated", None)
    assert user.records.writes == []


# ---- fold = false, on = ["create"]


def test_without_folding_nothing_is_unchanged() -> None:
    user = User(rules(fold=False))
    user.takes(event("created", 1, email=MAIL, name="Ann"))
    user.records.calls.clear()

    assert user.outcomes(event("updated", 2, name="Ann")) == ["updated"]
    assert user.records.calls == [Update("c1", {"name": "Ann", "own": USER})]


def test_a_field_for_creates_is_sent_in_no_update() -> None:
    fields = {"email": "email", "lead": {"from": "name", "on": ["create"]}}
    user = User(rules(fields=fields))
    user.takes(event("created", 1, email=MAIL, name="Ann"))

    assert user.outcomes(event("updated", 2, name="Bea")) == ["unchanged"]
    assert user.records.held["c1"].fields["lead"] == "Ann"


def test_nested_targets_are_sent_as_nested_bodies() -> None:
    user = User(rules(fields={"email": "email", "address.city": "city"}))

    user.takes(event("created", 1, email=MAIL, city="Ulm"))

    assert user.records.held["c1"].fields["address"] == {"city": "Ulm"}


# ---- open items


def unmatched(**more: Any) -> User:
    user = User(rules(**more))
    assert user.waits(event("updated", 1, email=MAIL)) == "unmatched"
    user.records.calls.clear()
    return user


def test_the_link_says_why_an_item_is_open() -> None:
    user = unmatched()

    assert user.link.open is not None
    assert user.link.open.reason == "unmatched"
    assert MAIL not in str(user.link)


def test_a_log_in_folds_into_the_open_item_without_a_look_up() -> None:
    user = unmatched()
    items = user.items(event("updated", 1, email=MAIL), event("updated", 2, email=MAIL))

    verdict = user.tries(items)

    assert user.records.calls == []
    assert isinstance(verdict, NeedsReview)
    assert verdict.superseded == {items[0].change.offset}


def test_a_new_key_is_looked_up_at_once() -> None:
    user = unmatched()

    user.waits(event("updated", 2, email="new@example.com"))

    assert Find("new@example.com") in user.records.calls


def test_without_a_new_key_the_look_up_is_repeated_after_the_recheck() -> None:
    user = unmatched()
    again = event("updated", 2, email=MAIL)

    user.moment = Moment(user.moment.now + 86_399, user.moment.read_until)
    user.waits(again)
    assert user.records.calls == []
    user.moment = Moment(user.moment.now + 2, user.moment.read_until)
    verdict = user.takes(again)

    assert Find(MAIL) in user.records.calls
    assert isinstance(verdict, NeedsReview)
    assert verdict.recheck_at == user.moment.now + 86_400


def test_an_open_item_is_closed_by_the_creation() -> None:
    user = unmatched()

    assert user.outcomes(event("created", 2, email=MAIL)) == ["created"]
    assert user.link.open is None


def test_an_open_item_of_a_linked_user_keeps_its_link() -> None:
    user = User(rules())
    user.takes(event("created", 1, email=MAIL))
    user.records.held.clear()

    user.waits(event("updated", 2, name="Ann"))

    assert user.link.record_id == "c1"


# ---- the brake


def test_a_braked_deletion_waits_and_supersedes_what_was_before() -> None:
    user = User(rules())
    user.takes(event("created", 1, email=MAIL))
    user.records.brakes = True
    items = user.items(event("updated", 2, name="Ann"), event("deleted", 3))

    verdict = user.tries(items)

    assert isinstance(verdict, NeedsReview)
    assert verdict.reason == "mass_deactivation"
    assert verdict.superseded == {items[0].change.offset}
    assert verdict.recheck_at is None


def test_what_the_brake_holds_waits_for_a_person_also_when_others_may_go_on() -> None:
    user = User(rules())
    user.takes(event("created", 1, email=MAIL))
    user.records.brakes = True
    user.waits(event("deleted", 3))
    user.records.brakes = False

    assert user.waits(event("deleted", 3), mark("merged", 0)) == "mass_deactivation"
    assert user.records.held["c1"].active


def test_who_comes_back_while_the_brake_holds_is_simply_updated() -> None:
    user = User(rules())
    user.takes(event("created", 1, email=MAIL))
    user.records.brakes = True
    user.waits(event("deleted", 3))

    verdict = user.takes(event("deleted", 3), event("created", 4, email=MAIL, name="B"))

    assert isinstance(verdict, Settled)
    assert user.records.held["c1"].fields["name"] == "B"


# ---- conflicts


def test_a_conflict_on_create_is_looked_up_and_updated() -> None:
    class Late(Records):
        """Has a record that its search does not show at first."""

        def answer(self, call: Call) -> Answer:
            if isinstance(call, Create):
                self.add("twin", email=MAIL)
                return Conflict()
            return super().answer(call)

    user = User(rules(), Late())

    assert user.outcomes(event("created", 1, email=MAIL, name="Ann")) == ["updated"]
    assert user.link.record_id == "twin"

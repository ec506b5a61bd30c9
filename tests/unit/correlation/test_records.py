"""A hint, a record that is gone, and one that was there before us."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from processors.correlation.calls import Fetch, Update
from processors.correlation.rules import Lookup, On, Rules
from processors.delivery import link
from processors.delivery.verdict import NeedsReview, Rejected
from tests.support.known_record import MAIL, known
from tests.support.records import FIELDS, USER, Records, User, event, rules

# ---- hints


def hinted(at: float, record_id: object, **more: Any) -> Any:
    return event("updated", at, app_metadata={"id": record_id}, name=f"n{at:g}", **more)


def two() -> Records:
    records = Records()
    records.add("a")
    records.add("b")
    return records


@pytest.mark.parametrize(
    ("policy", "expected"), [("relink", "b"), ("keep", "a"), ("review", "a")]
)
def test_a_newer_hint_that_differs_from_the_link_follows_the_policy(
    policy: str, expected: str
) -> None:
    user = User(rules(on={"hint_conflict": policy}), two())
    user.takes(hinted(1, "a"))

    verdict = user.takes(hinted(2, "b"))

    assert user.link.record_id == expected
    if policy == "review":
        assert isinstance(verdict, NeedsReview)
        assert verdict.reason == "hint_conflict"
    else:
        assert user.records.held[expected].fields["name"] == "n2"


def test_an_older_hint_is_stale() -> None:
    user = User(rules(), two())
    user.takes(hinted(5, "a"))

    assert user.outcomes(hinted(3, "b")) == ["stale"]
    assert user.link.record_id == "a"


def test_a_hint_that_was_kept_out_once_is_not_asked_about_again() -> None:
    user = User(rules(on={"hint_conflict": "keep"}), two())
    user.takes(hinted(1, "a"))
    user.takes(hinted(2, "b"))
    user.records.calls.clear()

    user.takes(hinted(3, "b"))

    assert user.records.calls == [Update("a", {"name": "n3"})]


def test_a_hint_that_a_person_decided_against_is_not_asked_about_again() -> None:
    user = User(rules(on={"hint_conflict": "review"}), two())
    user.takes(hinted(1, "a"))
    asked = user.takes(hinted(2, "b"))
    assert isinstance(asked, NeedsReview)
    assert asked.link is not None
    user.link = link.decode(link.encode(asked.link.chosen("a")))

    for at in (2, 3):
        user.takes(hinted(at, "b"))
    assert user.records.held["a"].fields["name"] == "n3"
    assert user.records.held["b"].fields == {}

    # A third record in the profile is another question.
    assert isinstance(user.takes(hinted(4, "c")), NeedsReview)


def test_a_person_may_decide_for_the_record_that_the_hint_names() -> None:
    user = User(rules(on={"hint_conflict": "review"}), two())
    user.takes(hinted(1, "a"))
    asked = user.takes(hinted(2, "b"))
    assert isinstance(asked, NeedsReview)
    assert asked.link is not None
    user.link = asked.link.chosen("b")

    user.takes(hinted(3, "b"))

    assert user.link.record_id == "b"
    assert user.records.held["b"].fields["name"] == "n3"


def test_a_change_of_the_external_id_drops_all_fingerprints() -> None:
    user = User(rules(), two())
    user.takes(event("updated", 1, name="Ann", app_metadata={"id": "a"}))

    user.takes(event("updated", 2, name="Ann", app_metadata={"id": "b"}))

    assert user.records.held["b"].fields == {"name": "Ann", "own": USER}


@pytest.mark.parametrize("bad", ["../admin", "..", "%2e%2e/x", "1?a=b", "1#x", "a/b"])
def test_a_hint_that_is_no_id_is_a_dead_letter(bad: str) -> None:
    verdict = User(rules(), two()).takes(hinted(1, bad))

    assert isinstance(verdict, Rejected)
    assert verdict.dead_class == "bad_external_id"


@pytest.mark.parametrize("number", [7, "7"])
def test_a_hint_may_be_a_number_or_a_text(number: object) -> None:
    records = Records()
    records.add("7")
    user = User(rules(), records)

    user.takes(hinted(1, number))

    assert user.link.record_id == "7"


# ---- a record that is gone


@pytest.mark.parametrize("policy", ["create", "review", "unlink"])
def test_a_record_that_is_gone_follows_the_policy(policy: str) -> None:
    user = User(rules(on={"gone": policy}), known())
    user.takes(event("updated", 1, email=MAIL))
    del user.records.held["old"]

    verdict = user.takes(event("updated", 2, email=MAIL, name="Ann"))

    match policy:
        case "create":
            assert user.records.held["c1"].fields["name"] == "Ann"
        case "unlink":
            assert user.link.record_id is None
            assert user.records.held == {}
        case _:
            assert isinstance(verdict, NeedsReview)
            assert verdict.reason == "gone"
            assert user.link.record_id == "old"


def test_a_record_that_is_gone_is_looked_for_before_the_policy() -> None:
    user = User(rules(), known())
    user.takes(event("updated", 1, email=MAIL))
    user.records.held["new"] = user.records.held.pop("old")

    user.takes(event("updated", 2, name="Ann"))

    assert user.link.record_id == "new"


def test_the_deletion_of_a_record_that_is_gone_is_skipped() -> None:
    user = User(rules(), known())
    user.takes(event("updated", 1, email=MAIL))
    user.records.held.clear()

    assert user.outcomes(event("deleted", 2)) == ["skipped"]


# ---- first link


def test_a_record_that_was_there_is_overwritten_by_default() -> None:
    user = User(rules(), known())

    user.takes(event("updated", 1, email=MAIL, name="Ann"))

    assert user.records.held["old"].fields["name"] == "Ann"


def test_fill_empty_fetches_and_sends_only_what_is_empty_there() -> None:
    user = User(rules(on={"first_link": "fill_empty"}), known())

    user.takes(event("updated", 1, email=MAIL, name="Ann", phone_number="1"))

    assert Fetch("old") in user.records.calls
    fields = user.records.held["old"].fields
    assert (fields["name"], fields["phone"], fields["own"]) == ("Before", "1", USER)


def test_fill_empty_sends_what_the_previous_object_shows_as_changed() -> None:
    user = User(rules(on={"first_link": "fill_empty"}), known())

    user.takes(event("updated", 1, email=MAIL, name="Ann", previous={"name": "An"}))

    assert user.records.held["old"].fields["name"] == "Ann"


def test_fill_empty_holds_no_lost_create_of_our_own_for_a_stranger() -> None:
    user = User(rules(on={"first_link": "fill_empty"}, lookup={"user_id_field": None}))
    first = user.items(event("created", 1, email=MAIL, name="Ann"))
    user.records.add("lost", email=MAIL, name="Ann")  # its answer never came

    user.tries([*first, *user.items(event("updated", 2, name="Bea"))])

    assert user.records.held["lost"].fields["name"] == "Bea"


@pytest.mark.parametrize("policy", ["fill_empty", "adopt"])
def test_what_a_salesperson_has_stays_until_the_profile_changes(policy: str) -> None:
    user = User(rules(on={"first_link": policy}), known())
    user.takes(event("updated", 1, email=MAIL, name="Ann"))

    assert user.outcomes(event("updated", 2, email=MAIL, name="Ann")) == ["unchanged"]
    assert user.records.held["old"].fields["name"] == "Before"
    user.takes(event("updated", 3, email=MAIL, name="Bea"))

    assert user.records.held["old"].fields["name"] == "Bea"


def test_adopt_sends_nothing() -> None:
    user = User(rules(on={"first_link": "adopt"}), known())

    assert user.outcomes(event("updated", 1, email=MAIL, name="Ann")) == ["unchanged"]
    assert user.records.writes == []
    assert user.link.record_id == "old"


def test_fill_empty_without_a_fetch_is_refused_at_load() -> None:
    with pytest.raises(ValidationError, match=r"requests\.fetch"):
        Rules(
            on=On(first_link="fill_empty"),
            lookup=Lookup(user_id_field="own"),
            deletion_grace_seconds=1.0,
            fields={"email": "email"},
        )


@pytest.mark.parametrize(
    ("missing", "named"),
    [("deleted", "on.deleted"), ("grace", "deletion_grace_seconds")],
)
def test_what_is_risky_must_be_stated(missing: str, named: str) -> None:
    on = On() if missing == "deleted" else On(deleted="deactivate")
    more: dict[str, Any] = {} if missing == "grace" else {"deletion_grace_seconds": 5.0}

    with pytest.raises(ValidationError, match=named):
        Rules.model_validate({"on": on, "fields": FIELDS, **more})

"""Who is who: rules against records that answer truthfully."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from processors.correlation.calls import Deactivate, Fetch, Find, Update
from processors.correlation.rules import Lookup, On, Rules
from processors.delivery.verdict import NeedsReview, Rejected
from tests.support.records import FIELDS, USER, Records, User, event, rules

MAIL = "ann@example.com"


def known(**fields: Any) -> Records:
    """Return a destination with one record that was there before us."""
    records = Records()
    records.add("old", **{"email": MAIL, "name": "Before", **fields})
    return records


def test_a_user_is_found_by_the_user_id_that_we_wrote_before_the_email() -> None:
    records = known()
    records.add("ours", email="other@example.com", own=USER)
    user = User(rules(), records)

    assert user.outcomes(event("updated", 1, email=MAIL)) == ["updated"]

    assert records.calls[0] == Find(USER, "user_id")
    assert user.link.record_id == "ours"


def test_every_create_and_the_first_update_write_the_user_id() -> None:
    created, updated = User(rules()), User(rules(), known())

    created.takes(event("created", 1, email=MAIL))
    updated.takes(event("updated", 1, email=MAIL))

    assert created.records.held["c1"].fields["own"] == USER
    assert updated.records.held["old"].fields["own"] == USER


def test_a_link_makes_every_look_up_needless() -> None:
    user = User(rules(), known())
    user.takes(event("updated", 1, email=MAIL))
    user.records.calls.clear()

    user.takes(event("updated", 2, email="new@example.com"))
    user.takes(event("deleted", 3))

    assert user.records.calls == [
        Update("old", {"email": "new@example.com"}),
        Deactivate("old"),
    ]


def test_the_previous_email_is_tried_when_the_new_one_finds_nobody() -> None:
    user = User(rules(lookup={"user_id_field": None}), known())
    before = {"email": MAIL, "email_verified": True}

    user.takes(event("updated", 1, email="new@example.com", previous=before))

    sought = [call.value for call in user.records.calls if isinstance(call, Find)]
    assert sought == ["new@example.com", MAIL]
    assert user.link.record_id == "old"


def test_a_previous_email_that_was_not_verified_is_not_tried() -> None:
    user = User(rules(lookup={"user_id_field": None}), known())
    before = {"email": MAIL, "email_verified": False}

    assert (
        user.waits(event("updated", 1, email="new@example.com", previous=before))
        == "unmatched"
    )
    assert user.records.writes == []


def test_a_hit_of_another_user_is_not_ours() -> None:
    user = User(rules(), known(own="auth0|2"))

    assert user.waits(event("created", 1, email=MAIL)) == "ambiguous"
    assert user.records.writes == []


def test_a_deactivation_too_acts_only_on_a_record_that_is_ours() -> None:
    user = User(rules(), known(own="auth0|2"))

    assert user.waits(event("deleted", 1, email=MAIL)) == "ambiguous"
    assert user.records.held["old"].active


def test_two_exact_hits_are_ambiguous() -> None:
    records = known()
    records.add("twin", email=MAIL.upper())
    user = User(rules(), records)

    assert user.waits(event("created", 1, email=MAIL)) == "ambiguous"


# ---- trust

UNVERIFIED: dict[str, Any] = {"email": MAIL, "email_verified": False}
IDENTITY: dict[str, Any] = {"provider": "auth0", "user_id": "1", "connection": "acme"}
ENTERPRISE = {**UNVERIFIED, "identities": [IDENTITY]}
OTHERS = {**UNVERIFIED, "identities": [{**IDENTITY, "user_id": "2"}]}


@pytest.mark.parametrize(
    ("profile", "lookup", "counts"),
    [
        ({"email": MAIL}, {}, True),
        (UNVERIFIED, {}, False),
        ({"email": MAIL, "email_verified": None}, {}, False),
        ({"email": MAIL, "email_verified": "true"}, {}, False),
        (UNVERIFIED, {"email_trust": "any"}, True),
        (ENTERPRISE, {"trusted_connections": ("acme",)}, True),
        (ENTERPRISE, {"trusted_connections": ("other",)}, False),
        (OTHERS, {"trusted_connections": ("acme",)}, False),
        ({**UNVERIFIED, "identities": "none"}, {"trusted_connections": ("a",)}, False),
    ],
)
def test_an_untrusted_address_counts_as_absent_for_matching(
    profile: dict[str, Any], lookup: dict[str, Any], *, counts: bool
) -> None:
    user = User(rules(lookup=lookup), known())

    user.takes(event("created", 1, **profile))

    assert (Find(MAIL) in user.records.calls) == counts
    assert (user.records.held["old"].fields.get("own") == USER) == counts


def test_an_untrusted_address_is_never_written() -> None:
    user = User(rules(), known())
    user.takes(event("updated", 1, email=MAIL))

    user.takes(event("updated", 2, name="Ann", **{**UNVERIFIED, "email": "v@x.org"}))

    assert user.records.held["old"].fields["email"] == MAIL
    assert user.records.held["old"].fields["name"] == "Ann"


def test_a_user_without_any_key_is_unverified_until_an_event_brings_one() -> None:
    user = User(rules(lookup={"user_id_field": None}))
    waiting = user.items(event("created", 1, name="Ann", **UNVERIFIED))

    first = user.tries(waiting)
    made_before = list(user.records.calls)
    user.tries([*waiting, *user.items(event("updated", 2, email=MAIL))])

    assert isinstance(first, NeedsReview)
    assert first.reason == "unverified"
    assert made_before == []
    assert user.records.held["c1"].fields == {"email": MAIL, "name": "Ann"}


@pytest.mark.parametrize("victim_first", [True, False])
def test_who_claims_the_address_of_another_changes_no_record_of_theirs(
    *, victim_first: bool
) -> None:
    records = known() if victim_first else Records()
    attacker = User(rules(), records)

    assert attacker.waits(event("created", 1, name="Eve", **UNVERIFIED)) == "unverified"
    if not victim_first:
        records.add("old", email=MAIL, name="Before")
    attacker.moment = attacker.moment._replace(now=attacker.moment.now + 1e6)
    attacker.waits(event("updated", 2, name="Eve", **UNVERIFIED))

    assert records.writes == []


def test_a_user_who_has_no_address_at_all_is_made_by_the_user_id() -> None:
    user = User(rules())

    assert user.outcomes(event("created", 1, phone_number="1")) == ["created"]
    assert user.records.held["c1"].fields == {"phone": "1", "own": USER}


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

"""Who is who: each sentence about the order of look-ups, and about trust."""

from __future__ import annotations

from typing import Any

import pytest

from processors.correlation.calls import Deactivate, Find, Update
from processors.delivery.verdict import NeedsReview
from tests.support.known_record import MAIL, known
from tests.support.records import USER, Records, User, event, rules


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

"""Rules as plain functions: nothing is real here but the rules."""

from __future__ import annotations

from typing import Any

import pytest

from events.model import Event
from processors.correlation.calls import (
    Answer,
    Call,
    Create,
    Deactivate,
    Delete,
    Done,
    Find,
    Found,
    Gone,
    Update,
)
from processors.correlation.correlate import correlate
from processors.correlation.rules import Lookup, On, Rules
from processors.delivery.verdict import NeedsReview, Rejected, Settled, Verdict

FIELDS = {"email": "email", "name": "name", "phone": "phone_number"}
LOOKUP = Lookup(hint="app_metadata.crm_contact_id")


def rules(**on: Any) -> Rules:
    return Rules(lookup=LOOKUP, on=On(**on), fields=FIELDS)


def event(kind: str = "user.updated", *, test: bool = False, **profile: Any) -> Event:
    return Event("e1", kind, None, "auth0|1", test, {"user_id": "auth0|1", **profile})


def converse(
    given: Event, declared: Rules, *answers: Answer
) -> tuple[list[Call], Verdict]:
    """Answer the calls one after another; return them and the verdict."""
    conversation, calls = correlate(given, declared), []
    try:
        call = next(conversation)
        for answer in answers:
            calls.append(call)
            call = conversation.send(answer)
    except StopIteration as end:
        return calls, end.value
    raise AssertionError(f"unanswered: {call}")


def test_the_hint_names_the_record_without_a_look_up() -> None:
    given = event(name="Ann", app_metadata={"crm_contact_id": 7})

    calls, verdict = converse(given, rules(), Done("7"))

    assert calls == [Update("7", {"name": "Ann"})]
    assert verdict == Settled("applied", "updated", "7", ("name",))


def test_a_hint_to_a_record_that_is_gone_falls_back_to_the_email() -> None:
    given = event(email="a@example.com", app_metadata={"crm_contact_id": "old"})

    calls, verdict = converse(given, rules(), Gone(), Found(("new",)), Done("new"))

    assert [type(call) for call in calls] == [Update, Find, Update]
    assert verdict == Settled("applied", "updated", "new", ("email",))


@pytest.mark.parametrize(
    "hint",
    [
        "../admin",
        "..",
        ".",
        "%2e%2e/x",
        "1?role=admin",
        "1#x",
        "a/b",
        "x" * 65,
        "\u202e1",
    ],
)
def test_a_hint_that_is_no_id_reaches_no_url(hint: str) -> None:
    given = event(app_metadata={"crm_contact_id": hint}, email="a@example.com")

    calls, verdict = converse(given, rules())

    assert calls == []
    assert isinstance(verdict, Rejected)
    assert verdict.dead_class == "bad_external_id"


@pytest.mark.parametrize("hint", [None, "", True])
def test_a_hint_without_a_value_is_no_hint(hint: object) -> None:
    given = event(app_metadata={"crm_contact_id": hint}, email="a@example.com")

    calls, _ = converse(given, rules(), Found(("1",)), Done("1"))

    assert calls[0] == Find("a@example.com")


def test_two_records_with_the_email_are_not_guessed_about() -> None:
    calls, verdict = converse(event(email="a@example.com"), rules(), Found(("1", "2")))

    assert calls == [Find("a@example.com")]
    assert verdict == NeedsReview("ambiguous")


def test_only_fields_with_a_value_are_sent() -> None:
    given = event(email="a@example.com", name=None, phone_number="")

    calls, _ = converse(given, rules(), Found(("1",)), Done("1"))

    assert calls[1] == Update("1", {"email": "a@example.com"})


def test_an_event_without_any_mapped_field_makes_no_call() -> None:
    given = event(nickname="a", app_metadata={"crm_contact_id": "7"})

    assert converse(given, rules()) == ([], Settled("skipped", record_id="7"))


@pytest.mark.parametrize(
    ("kind", "policy", "ends"),
    [
        ("user.created", {}, "created"),
        ("user.created", {"created_missing": "review"}, "review"),
        ("user.created", {"created_missing": "skip"}, "skipped"),
        ("user.updated", {}, "review"),
        ("user.updated", {"updated_missing": "create"}, "created"),
        ("user.updated", {"updated_missing": "skip"}, "skipped"),
        ("user.deleted", {}, "skipped"),
        ("user.deleted", {"deleted_missing": "review"}, "review"),
    ],
)
def test_nobody_found_follows_the_policy(
    kind: str, policy: dict[str, str], ends: str
) -> None:
    given = event(kind, email="a@example.com")
    answers: list[Answer] = [Found(())]
    if ends == "created":
        answers.append(Done("9"))

    calls, verdict = converse(given, rules(**policy), *answers)

    if ends == "created":
        assert calls[-1] == Create({"email": "a@example.com"})
        assert verdict == Settled("applied", "created", "9", ("email",))
    elif ends == "review":
        assert verdict == NeedsReview("unmatched")
    else:
        assert verdict == Settled("skipped")


@pytest.mark.parametrize(
    ("policy", "call", "action"),
    [
        ("deactivate", Deactivate("1"), "deactivated"),
        ("delete", Delete("1"), "deleted"),
    ],
)
def test_a_deletion_is_carried_out_as_the_policy_says(
    policy: str, call: Call, action: str
) -> None:
    given = event("user.deleted", email="a@example.com")

    calls, verdict = converse(given, rules(deleted=policy), Found(("1",)), Done("1"))

    assert calls[1] == call
    assert isinstance(verdict, Settled)
    assert verdict.action == action


def test_a_deletion_may_be_ignored() -> None:
    given = event("user.deleted", email="a@example.com")

    _, verdict = converse(given, rules(deleted="ignore"), Found(("1",)))

    assert verdict == Settled("skipped", record_id="1")


def test_a_deletion_without_an_email_finds_nobody() -> None:
    _, verdict = converse(event("user.deleted"), rules())

    assert verdict == Settled("skipped")


@pytest.mark.parametrize(
    "kind", ["organization.created", "keepstep.user.merged", "user.promoted"]
)
def test_other_types_are_counted_and_nothing_else(kind: str) -> None:
    assert converse(event(kind), rules()) == ([], Settled("unhandled"))


def test_test_events_are_skipped_unless_wanted() -> None:
    given = event("user.created", test=True, email="a@example.com")
    wanted = Rules(lookup=LOOKUP, fields=FIELDS, test_events="apply")

    assert converse(given, rules()) == ([], Settled("test"))
    assert converse(given, wanted, Found(()), Done("1"))[1] == Settled(
        "applied", "created", "1", ("email",)
    )

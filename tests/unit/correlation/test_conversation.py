"""One attempt: the calls that it makes, and the policies it follows."""

from __future__ import annotations

import pytest

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
from processors.delivery.verdict import End, Rejected
from tests.support.conversing import (
    converse,
    ends,
    event,
    reason,
    rules,
)


def test_the_hint_names_the_record_without_a_look_up() -> None:
    given = event(name="Ann", app_metadata={"crm_contact_id": 7})

    calls, verdict = converse(given, rules(), Done("7"))

    assert calls == [Update("7", {"name": "Ann"})]
    assert ends(verdict) == [End("applied", "updated", "7", ("name",))]


def test_a_hint_to_a_record_that_is_gone_falls_back_to_the_email() -> None:
    given = event(email="a@example.com", app_metadata={"crm_contact_id": "old"})

    calls, verdict = converse(given, rules(), Gone(), Found(("new",)), Done("new"))

    assert [type(call) for call in calls] == [Update, Find, Update]
    assert ends(verdict) == [End("applied", "updated", "new", ("email",))]


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
    assert reason(verdict) == "ambiguous"


def test_only_fields_with_a_value_are_sent() -> None:
    given = event(email="a@example.com", name=None, phone_number="")

    calls, _ = converse(given, rules(), Found(("1",)), Done("1"))

    assert calls[1] == Update("1", {"email": "a@example.com"})


def test_an_event_without_any_mapped_field_makes_no_call() -> None:
    given = event(nickname="a", app_metadata={"crm_contact_id": "7"})

    calls, verdict = converse(given, rules())

    assert (calls, ends(verdict)) == ([], [End("unchanged")])


@pytest.mark.parametrize(
    ("kind", "policy", "expected"),
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
    kind: str, policy: dict[str, str], expected: str
) -> None:
    given = event(kind, email="a@example.com")
    answers: list[Answer] = [Found(())]
    if expected == "created":
        answers.append(Done("9"))

    calls, verdict = converse(given, rules(**policy), *answers)

    if expected == "created":
        assert calls[-1] == Create({"email": "a@example.com"}, "e1")
        assert ends(verdict) == [End("applied", "created", "9", ("email",))]
    elif expected == "review":
        assert reason(verdict) == "unmatched"
    else:
        assert ends(verdict) == [End("skipped")]


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
    assert ends(verdict)[0].action == action


def test_a_deletion_may_be_ignored() -> None:
    given = event("user.deleted", email="a@example.com")

    _, verdict = converse(given, rules(deleted="ignore"), Found(("1",)))

    assert ends(verdict) == [End("skipped", record_id="1")]


def test_a_deletion_without_an_email_finds_nobody() -> None:
    _, verdict = converse(event("user.deleted"), rules())

    assert ends(verdict) == [End("skipped")]


@pytest.mark.parametrize(
    "kind", ["organization.created", "keepstep.user.renamed", "user.promoted"]
)
def test_other_types_are_counted_and_nothing_else(kind: str) -> None:
    calls, verdict = converse(event(kind), rules())

    assert (calls, ends(verdict)) == ([], [End("unhandled")])


def test_test_events_are_skipped_unless_wanted() -> None:
    given = event("user.created", test=True, email="a@example.com")
    wanted = rules().model_copy(update={"test_events": "apply"})

    assert ends(converse(given, rules())[1]) == [End("test")]
    assert ends(converse(given, wanted, Found(()), Done("1"))[1]) == [
        End("applied", "created", "1", ("email",))
    ]

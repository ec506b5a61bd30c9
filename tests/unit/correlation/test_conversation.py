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
    Restore,
    Update,
)
from processors.correlation.correlate import Moment, correlate
from processors.correlation.reading import Fingerprints, Item, item_of
from processors.correlation.rules import Lookup, On, Rules
from processors.delivery.link import Link
from processors.delivery.verdict import End, NeedsReview, Rejected, Settled, Verdict

FIELDS = {"email": "email", "name": "name", "phone": "phone_number"}
UNKNOWN = Link()
LOOKUP = Lookup(hint="app_metadata.crm_contact_id", email_trust="any")
LATER = Moment(1e9, 1e9)


def rules(**on: Any) -> Rules:
    policies = On(**{"deleted": "deactivate", **on})
    return Rules(lookup=LOOKUP, on=policies, deletion_grace_seconds=60.0, fields=FIELDS)


class Restoring(Rules):
    """Rules of a destination that can make a record active again."""

    @property
    def can_restore(self) -> bool:
        return True


def event(
    kind: str = "user.updated", *, test: bool = False, at: int = 1, **profile: Any
) -> Event:
    time = f"2025-06-01T12:00:{at:02}Z"
    profile = {"user_id": "auth0|1", **profile}
    return Event(f"e{at}", kind, time, "auth0|1", test, profile)


def items(*events: Event, declared: Rules) -> list[Item]:
    secret = Fingerprints("secret")
    return [item_of(e, n, 0.0, declared, secret) for n, e in enumerate(events)]


def converse(
    given: Event | list[Event], declared: Rules, *answers: Answer, link: Link = UNKNOWN
) -> tuple[list[Call], Verdict]:
    """Answer the calls one after another; return them and the verdict."""
    events = given if isinstance(given, list) else [given]
    conversation = correlate(items(*events, declared=declared), link, declared, LATER)
    calls = []
    try:
        call = next(conversation)
        for answer in answers:
            calls.append(call)
            call = conversation.send(answer)
    except StopIteration as end:
        return calls, end.value
    raise AssertionError(f"unanswered: {call}")


def ends(verdict: Verdict) -> list[End]:
    assert isinstance(verdict, Settled)
    return list(verdict.ends)


def reason(verdict: Verdict) -> str:
    assert isinstance(verdict, NeedsReview)
    assert verdict.link is not None
    assert verdict.link.open is not None
    assert verdict.link.open.reason == verdict.reason
    return verdict.reason


def after(*events: Event, declared: Rules, record_id: str = "7") -> Link:
    """Return the link once the destination has taken *events*."""
    link = Link(record_id=record_id)
    for each in events:
        _, verdict = converse(each, declared, Done(record_id), link=link)
        assert isinstance(verdict, Settled)
        link = verdict.link
    return link


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


def test_a_linked_record_is_known_without_a_look_up() -> None:
    link = after(event(name="Ann"), declared=rules())

    calls, _ = converse(event(name="Bea", at=2), rules(), Done("7"), link=link)

    assert calls == [Update("7", {"name": "Bea"})]


def test_what_the_destination_was_told_is_not_told_again() -> None:
    link = after(event(name="Ann", email="a@example.com"), declared=rules())
    again = event(name="Ann", email="a@example.com", at=2)

    calls, verdict = converse(again, rules(), link=link)

    assert (calls, ends(verdict)) == ([], [End("unchanged")])


def test_several_events_are_one_call_with_the_newest_values() -> None:
    first = event("user.created", name="Ann", email="a@example.com")
    second = event(name="Bea", at=2)

    calls, verdict = converse(
        [first, second], rules(), Found(()), Done("1"), link=Link()
    )

    assert calls[-1] == Create({"email": "a@example.com", "name": "Bea"}, "e1")
    assert [end.outcome for end in ends(verdict)] == ["applied", "applied"]


def test_an_older_event_sets_only_what_a_newer_one_left_open() -> None:
    link = after(event(name="Bea", at=5), declared=rules())
    late = event("user.created", name="Ann", email="a@example.com", at=1)

    calls, _ = converse(late, rules(), Done("7"), link=link)

    assert calls == [Update("7", {"email": "a@example.com"})]


def test_an_older_event_with_nothing_left_to_set_is_stale() -> None:
    link = after(event(name="Bea", at=5), declared=rules())

    calls, verdict = converse(event(name="Ann", at=1), rules(), link=link)

    assert (calls, ends(verdict)) == ([], [End("stale")])


def test_an_event_that_comes_twice_is_a_duplicate() -> None:
    link = after(event(name="Bea", at=5), declared=rules())

    _, verdict = converse(event(name="Bea", at=5), rules(), link=link)

    assert ends(verdict) == [End("duplicate")]


def test_a_value_that_went_away_and_came_back_is_sent() -> None:
    link = after(event(name="A"), declared=rules())
    lost, back = event(name="B", at=2), event(name="A", at=3)

    calls, _ = converse([lost, back], rules(), Done("7"), link=link)

    assert calls == [Update("7", {"name": "A"})]


def test_a_fold_that_ends_in_the_deletion_makes_no_other_call() -> None:
    link = after(event(name="Ann"), declared=rules())
    changed, deleted = event(name="Bea", at=2), event("user.deleted", at=3)

    calls, verdict = converse([changed, deleted], rules(), Done("7"), link=link)

    assert calls == [Deactivate("7")]
    assert [end.outcome for end in ends(verdict)] == ["superseded", "applied"]


def test_a_user_who_comes_back_is_restored() -> None:
    declared = Restoring(lookup=LOOKUP, on=On(deleted="deactivate"), fields=FIELDS)
    link = after(event(name="Ann"), event("user.deleted", at=2), declared=declared)

    calls, verdict = converse(
        event("user.created", name="Ann", at=3),
        declared,
        Done("7"),
        Done("7"),
        link=link,
    )

    assert calls == [Restore("7"), Update("7", {"name": "Ann"})]
    assert ends(verdict)[0].outcome == "applied"


def test_another_record_is_told_everything() -> None:
    link = after(event(name="Ann", email="a@example.com"), declared=rules())
    moved = event(email="a@example.com", app_metadata={"crm_contact_id": "8"}, at=2)

    calls, verdict = converse(moved, rules(), Done("8"), link=link)

    assert calls == [Update("8", {"email": "a@example.com"})]
    assert isinstance(verdict, Settled)
    assert verdict.link.record_id == "8"


def test_without_a_time_the_messages_own_stands_in() -> None:
    timeless = Event("e1", "user.updated", None, "auth0|1", test=False, profile={})

    read = item_of(timeless, 0, 1.5, rules(), Fingerprints("secret"))

    assert read.change.version.time == "1970-01-01T00:00:01.500000000Z"


def test_fingerprints_tell_fields_mappings_and_types_apart() -> None:
    of = Fingerprints("secret").of
    found = {of("a", "x", 1), of("b", "x", 1), of("a", "y", 1), of("a", "x", "1")}

    assert len(found | {Fingerprints("other").of("a", "x", 1)}) == 5


def test_a_creation_that_a_newer_event_sets_every_field_of_still_creates() -> None:
    created = event("user.created", name="Ann")
    updated = event(name="Bea", email="a@example.com", at=2)

    calls, verdict = converse([created, updated], rules(), Found(()), Done("1"))

    assert calls[1:] == [Create({"name": "Bea", "email": "a@example.com"}, "e1")]
    assert [end.outcome for end in ends(verdict)] == ["superseded", "applied"]

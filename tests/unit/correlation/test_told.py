"""What the destination was told is not told again, and the newest wins."""

from __future__ import annotations

from events.model import Event
from processors.correlation.calls import (
    Create,
    Deactivate,
    Done,
    Found,
    Restore,
    Update,
)
from processors.correlation.reading import Fingerprints, item_of
from processors.correlation.rules import On
from processors.delivery.link import Link
from processors.delivery.verdict import End, Settled
from tests.support.conversing import (
    FIELDS,
    LOOKUP,
    Restoring,
    after,
    converse,
    ends,
    event,
    rules,
)


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

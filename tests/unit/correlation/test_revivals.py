"""Who is deleted or blocked, and comes back."""

from __future__ import annotations

from processors.correlation.calls import Delete, Restore, Update
from tests.support.records import MAIL, User, active, event, linked, rules


def test_a_newer_change_revives_who_was_deleted() -> None:
    user = linked()
    user.takes(event("deleted", 20))
    user.records.calls.clear()

    user.takes(event("created", 30, email=MAIL, name="Ann"))

    assert user.records.calls[0] == Restore("c1")
    assert isinstance(user.records.calls[1], Update)
    assert active(user)
    assert user.link.marks == {}


def test_what_is_older_than_a_deletion_is_stale() -> None:
    user = linked()
    user.takes(event("deleted", 20))

    assert user.outcomes(event("updated", 15, name="Bea")) == ["stale"]
    assert not active(user)


def test_a_deleted_user_leaves_a_tombstone_without_personal_data() -> None:
    user = linked()
    user.takes(event("deleted", 20))

    assert MAIL not in str(user.link)
    assert user.outcomes(event("deleted", 20)) == ["duplicate"]


def test_a_deleted_user_whom_nobody_knows_leaves_a_tombstone_too() -> None:
    user = User(rules())

    assert user.outcomes(event("deleted", 20, email=MAIL)) == ["skipped"]
    assert user.outcomes(event("created", 10, email=MAIL)) == ["stale"]
    assert user.records.held == {}


def test_after_a_delete_a_newer_creation_makes_a_new_record() -> None:
    user = linked(deleted="delete")
    user.takes(event("deleted", 20))

    assert user.outcomes(event("created", 30, email=MAIL)) == ["created"]
    assert user.records.calls[0] == Delete("c1")


# ---- blocked and deselected


def test_a_blocked_user_is_deactivated_and_restored_where_that_is_wanted() -> None:
    user = linked(blocked="deactivate")

    assert user.outcomes(event("updated", 20, blocked=True)) == ["deactivated"]
    assert user.outcomes(event("updated", 21, name="Bea")) == ["updated"]
    assert not active(user)
    assert user.outcomes(event("updated", 22, blocked=False)) == ["restored"]
    assert active(user)


def test_blocked_is_ignored_by_default() -> None:
    user = linked()

    assert user.outcomes(event("updated", 20, blocked=True)) == ["unchanged"]


def test_an_older_block_is_stale() -> None:
    user = linked(blocked="deactivate")
    user.takes(event("updated", 30, blocked=False))

    user.takes(event("updated", 20, blocked=True))

    assert active(user)


def test_who_is_created_as_blocked_is_made_and_deactivated() -> None:
    user = User(rules(on={"blocked": "deactivate"}))

    user.takes(event("created", 1, email=MAIL, blocked=True))

    assert not active(user)


def test_a_revival_of_who_is_still_blocked_stays_inactive() -> None:
    user = linked(blocked="deactivate")
    user.takes(event("deleted", 20))

    user.takes(event("created", 30, email=MAIL, blocked=True))

    assert not active(user)

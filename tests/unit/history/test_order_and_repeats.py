"""The history checker finds what is out of order, stale, or twice in Kafka."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.checked import findings, kinds, one_after_another
from tests.support.hand_made import HandMade


@pytest.fixture
def run() -> HandMade:
    return HandMade()


# ---- reordered and stale-final


def test_a_first_effect_after_that_of_a_newer_event_is_reordered(
    run: HandMade, tmp_path: Path
) -> None:
    for seq in (1, 2, 3):
        run.event(seq)
    run.call(1.0, 2)
    run.done(1.5, 2)
    run.call(2.0, 1)
    run.done(2.5, 1)
    run.call(3.0, 3)
    run.done(3.5, 3)

    assert findings(run, tmp_path) == [
        (
            "reordered: auth0|1: 1 first by PATCH of 1 by call w1-1 at 2.100, "
            "after PATCH of 2 by call w1-0 at 1.100"
        )
    ]


def test_a_call_for_later_events_does_not_cover_an_earlier_one(
    run: HandMade, tmp_path: Path
) -> None:
    for seq in (1, 2, 3, 4):
        run.event(seq)
    run.call(1.0, 1, 3)
    run.call(2.0, 2)
    run.call(3.0, 4)
    run.done(4.0, 1, 2, 3, 4)

    assert kinds(run, tmp_path) == ["reordered"]


def test_a_repeat_of_part_of_a_fold_is_not_reordered(
    run: HandMade, tmp_path: Path
) -> None:
    run.event(1)
    run.event(2)
    run.call(1.0, 1, 2)
    run.fault(1.3, "kill")
    run.call(2.0, 1, worker="w2")
    run.done(2.5, 1, worker="w2")
    run.call(3.0, 2, worker="w2")
    run.done(3.5, 2, worker="w2")

    assert kinds(run, tmp_path) == ["duplicate explained"] * 2


def test_a_record_that_does_not_end_with_the_newest_event_is_stale(
    run: HandMade, tmp_path: Path
) -> None:
    one_after_another(run, 1, 2)
    run.call(3.0, 1, worker="w2")

    assert findings(run, tmp_path)[0] == (
        "stale-final: auth0|1: record c_1 ends with PATCH of 1 by call w2-2 at 3.100, "
        "the newest is 2"
    )


def test_a_record_that_ends_with_an_older_value_of_another_field_is_stale(
    run: HandMade, tmp_path: Path
) -> None:
    one_after_another(run, 1, 2, 3)
    for number, mood in enumerate("ABA"):
        run.acknowledged[number]["mood"] = mood
        run.effects[number]["mood"] = mood
    run.effects[2]["mood"] = "B"  # the third event was taken for unchanged

    assert findings(run, tmp_path) == [
        (
            "stale-final: auth0|1: record c_1 ends with PATCH of 3 by call w1-2 at "
            "3.100, but its mood is B"
        )
    ]


def test_a_second_record_of_a_user_is_stale(run: HandMade, tmp_path: Path) -> None:
    one_after_another(run, 1, 2)
    run.effects[1]["record"] = "c_2"

    assert kinds(run, tmp_path) == ["stale-final"]


def test_a_record_made_anew_after_its_deletion_is_not_stale(
    run: HandMade, tmp_path: Path
) -> None:
    run.event(1, kind="user.deleted")
    run.call(1.0, 1, method="DELETE")
    run.effects[0]["seq"] = "deactivated"
    run.done(1.5, 1)
    one_after_another(run, 2)
    run.effects[1]["record"] = "c_2"

    assert findings(run, tmp_path) == []


# ---- twice in Kafka


def test_a_second_outcome_is_found_but_not_that_of_a_replay(
    run: HandMade, tmp_path: Path
) -> None:
    one_after_another(run, 1, 2)
    run.outcome(1, "applied", replay=True)
    run.outcome(2, "stale")

    assert findings(run, tmp_path) == [
        (
            "twice-in-kafka: auth0|1: e2 (partition 0, offset 2) "
            "has 2 outcomes: applied and stale"
        )
    ]


def test_a_second_dead_letter_is_found(run: HandMade, tmp_path: Path) -> None:
    run.event(1)
    run.outcome(1, "dead")
    run.letter(1)
    run.letter(1)

    assert kinds(run, tmp_path) == ["twice-in-kafka"]


def test_an_event_settled_and_still_parked_is_found(
    run: HandMade, tmp_path: Path
) -> None:
    one_after_another(run, 1)
    run.parked(1)

    assert kinds(run, tmp_path) == ["twice-in-kafka"]


def test_a_settled_event_above_what_its_link_has_taken_is_found(
    run: HandMade, tmp_path: Path
) -> None:
    one_after_another(run, 1, 2)
    run.link("@meta", {"start": 0})
    run.link("auth0|1", {"taken": 1})

    assert kinds(run, tmp_path) == ["twice-in-kafka"]

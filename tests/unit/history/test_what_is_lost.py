"""The history checker finds what is lost, in histories made by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.checked import findings, kinds, one_after_another
from tests.support.hand_made import HandMade


@pytest.fixture
def run() -> HandMade:
    return HandMade()


def test_a_clean_run_has_no_findings(run: HandMade, tmp_path: Path) -> None:
    run.event(1, kind="user.created")
    run.call(1.0, 1, method="POST")
    run.done(1.5, 1)
    one_after_another(run, 2, 3)
    run.event(4, kind="user.deleted")
    run.call(4.0, 4)
    run.effects[-1]["seq"] = "deactivated"
    run.done(4.5, 4)

    assert findings(run, tmp_path) == []


def test_one_call_may_stand_for_several_events(run: HandMade, tmp_path: Path) -> None:
    for seq in (1, 2, 3):
        run.event(seq)
    run.call(1.0, 1, 2, 3)
    run.done(1.5, 1, 2, 3)

    assert findings(run, tmp_path) == []


def test_a_parked_event_is_not_lost(run: HandMade, tmp_path: Path) -> None:
    run.event(1)
    run.parked(1)

    assert findings(run, tmp_path) == []


# ---- lost


def test_an_acknowledged_event_in_no_topic_is_lost(
    run: HandMade, tmp_path: Path
) -> None:
    one_after_another(run, 1)
    run.event(2, stored=False)

    assert findings(run, tmp_path) == [
        "lost: auth0|1: e2 (2) was acknowledged and is in no topic"
    ]


def test_an_event_neither_settled_nor_parked_is_lost(
    run: HandMade, tmp_path: Path
) -> None:
    one_after_another(run, 1)
    run.event(2)
    run.parked(2)
    run.unparked(2)

    assert kinds(run, tmp_path) == ["lost"]


def test_a_stored_event_is_lost_though_it_was_never_acknowledged(
    run: HandMade, tmp_path: Path
) -> None:
    one_after_another(run, 1)
    run.event(2, acknowledged=False)

    assert kinds(run, tmp_path) == ["lost"]


@pytest.mark.parametrize("outcome", ["applied", "unchanged", "superseded", "stale"])
def test_an_event_that_ended_without_its_effect_or_a_newer_one_is_lost(
    run: HandMade, tmp_path: Path, outcome: str
) -> None:
    one_after_another(run, 1)
    run.event(2)
    run.outcome(2, outcome)

    assert findings(run, tmp_path) == [
        f"lost: auth0|1: e2 (2) ended as {outcome}, the CRM was told 1 at most"
    ]


def test_what_a_dead_letter_superseded_is_not_lost(
    run: HandMade, tmp_path: Path
) -> None:
    one_after_another(run, 1)
    run.event(2)
    run.outcome(2, "superseded")
    run.event(3)
    run.outcome(3, "dead")
    run.letter(3)

    assert findings(run, tmp_path) == []


def test_what_a_parked_event_superseded_is_not_lost(
    run: HandMade, tmp_path: Path
) -> None:
    one_after_another(run, 1)
    run.event(2)
    run.outcome(2, "superseded")
    run.event(3)
    run.parked(3)

    assert findings(run, tmp_path) == []


def test_a_dead_event_without_its_letter_is_lost(run: HandMade, tmp_path: Path) -> None:
    run.event(1)
    run.outcome(1, "dead")

    assert kinds(run, tmp_path) == ["lost"]

"""What is told to which row of the story's table; nothing is started."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sandbox.story.table import Row, Rows
from sandbox.story.watch import Seen, _parked

MOMENT = "2026-01-01T00:00:07.000Z"
DONE = Seen(
    "crm", "e1", "user.updated", "updated", "c_1", None, ended=True, settled=True
)


def entry(state: str, **headers: str) -> Seen:
    told = {"event-id": "e1", "event-type": "user.updated", "reason": "unmatched"}
    return _parked("crm", {**told, "state": state, "attempt": "0", **headers})


@pytest.fixture
def rows() -> Rows:
    return Rows(["crm", "billing"])


def test_a_row_has_ended_when_both_destinations_say_so(rows: Rows) -> None:
    row = rows.add("a change", "e1", 202)

    rows.tell(DONE)
    half = (row.read, row.ended)
    rows.tell(replace(DONE, destination="billing"))

    assert half == (False, False)
    assert (row.read, row.ended) == (True, True)


def test_the_second_of_equal_events_is_told_in_its_own_row(rows: Rows) -> None:
    first, second = rows.add("a change", "e1", 202), rows.add("again", "e1", 202)

    rows.tell(DONE)
    rows.tell(replace(DONE, state="duplicate"))

    assert (first.state("crm"), second.state("crm")) == ("updated", "duplicate")


def test_what_a_person_decided_is_told_in_the_row_that_waited(rows: Rows) -> None:
    row = rows.add("a change", "e1", 202)

    rows.tell(entry("review"))
    waiting = (row.state("crm"), row.seen["crm"].ended)
    rows.tell(DONE)

    assert waiting == ("waits: unmatched", True)
    assert row.state("crm") == "updated"
    assert rows.rows == [row]


def test_a_mark_that_ingest_adds_has_no_row(rows: Rows) -> None:
    rows.tell(replace(DONE, event_id="e1/x", event_type="keepstep.user.merged"))

    assert rows.rows == []


def test_an_event_that_somebody_else_sent_gets_a_row(rows: Rows) -> None:
    rows.tell(DONE)

    assert [row.title for row in rows.rows] == ["user.updated, sent by you"]


def test_an_event_that_the_webhook_refused_is_waited_for_by_nobody(rows: Rows) -> None:
    row = rows.add("too large", "e1", 413)

    assert (row.read, row.ended) == (True, True)
    assert row.line() == "too large: refused: HTTP 413"


def test_what_waits_behind_another_event_has_no_time_of_its_own() -> None:
    seen = entry("waiting")

    assert (seen.state, seen.waits_until) == ("waits: unmatched", None)
    assert not seen.ended


def test_what_waits_for_a_time_says_until_when_and_what_failed() -> None:
    graced = entry("grace", **{"not-before": MOMENT})
    failed = entry("waiting", **{"not-before": MOMENT, "attempt": "2"})

    assert graced.waits_until == datetime(2026, 1, 1, 0, 0, 7, tzinfo=UTC)
    assert graced.state == "waits: unmatched"
    assert failed.state == "waits: unmatched (attempt 2 failed)"


@pytest.mark.parametrize("state", ["review", "held"])
def test_what_waits_for_a_person_keeps_nobody_waiting(state: str) -> None:
    seen = entry(state)

    assert (seen.ended, seen.settled) == (True, False)


def test_a_line_names_a_record_at_each_destination() -> None:
    row = Row("a change", "e1", 202, ["crm", "billing"])
    row.seen = {"crm": DONE, "billing": replace(DONE, record_id="cus_1")}

    assert row.line() == "a change: updated -> c_1; billing updated -> cus_1"

"""The history checker finds every fault in histories made by hand."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.history.check import Report
from tests.history.history import History
from tests.support.hand_made import HandMade

ROOT = Path(__file__).parents[2]


@pytest.fixture
def run() -> HandMade:
    return HandMade()


def findings(run: HandMade, directory: Path) -> list[str]:
    report = Report(History.read(run.write(directory)))
    return [str(finding) for finding in report.findings]


def kinds(run: HandMade, directory: Path) -> list[str]:
    """Return the findings up to the user's name."""
    return [found.split(": ")[0] for found in findings(run, directory)]


def one_after_another(run: HandMade, *seqs: int) -> None:
    for seq in seqs:
        run.event(seq)
        run.call(float(seq), seq)
        run.done(seq + 0.5, seq)


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


# ---- duplicates


def repeat(run: HandMade, at: float = 9.0, worker: str = "w2") -> None:
    run.call(at, 1, worker=worker)
    run.done(at + 0.5, 1, worker=worker)


def test_a_repeat_without_any_reason_is_unexplained(
    run: HandMade, tmp_path: Path
) -> None:
    run.event(1)
    run.call(1.0, 1)
    repeat(run)

    assert findings(run, tmp_path) == [
        (
            "duplicate unexplained: auth0|1: PATCH of 1 by call w2-1 at 9.100, "
            "again after PATCH of 1 by call w1-0 at 1.100"
        )
    ]


def test_a_repeat_of_what_was_durable_is_unexplained(
    run: HandMade, tmp_path: Path
) -> None:
    run.event(1)
    run.call(1.0, 1)
    run.line(1.5, "durable", "w1", 1)
    run.fault(1.6, "kill")
    repeat(run)

    assert kinds(run, tmp_path) == ["duplicate unexplained"]


def test_a_kill_after_the_repeat_does_not_explain_it(
    run: HandMade, tmp_path: Path
) -> None:
    run.event(1)
    run.call(1.0, 1)
    repeat(run, at=2.0, worker="w1")
    run.fault(5.0, "kill")

    assert kinds(run, tmp_path) == ["duplicate unexplained"]


def test_a_kill_of_another_worker_does_not_explain_it(
    run: HandMade, tmp_path: Path
) -> None:
    run.event(1)
    run.call(1.0, 1)
    run.fault(1.3, "kill", "w2")
    repeat(run)

    assert kinds(run, tmp_path) == ["duplicate unexplained"]


@pytest.mark.parametrize("kind", ["kill", "freeze"])
@pytest.mark.parametrize(
    ("at", "state"), [(1.15, "open"), (1.3, "not yet durable")], ids=["open", "ended"]
)
def test_a_repeat_of_what_a_fault_left_is_explained(
    run: HandMade, tmp_path: Path, kind: str, at: float, state: str
) -> None:
    run.event(1)
    run.call(1.0, 1)
    run.fault(at, kind)
    repeat(run)

    [found] = findings(run, tmp_path)
    assert found.startswith("duplicate explained: ")
    assert found.endswith(f" ({state} at the {kind} of w1)")


@pytest.mark.parametrize(("code", "how"), [(1, "explained"), (0, "unexplained")])
def test_only_a_worker_that_did_not_end_in_order_explains_a_repeat(
    run: HandMade, tmp_path: Path, code: int, how: str
) -> None:
    run.event(1)
    run.call(1.0, 1)
    run.fault(2.0, "exit", code=code)
    repeat(run)

    assert kinds(run, tmp_path) == [f"duplicate {how}"]


@pytest.mark.parametrize("noticed_at", [3.0, 20.0], ids=["before", "after"])
def test_a_repeat_by_whoever_fenced_the_worker_is_explained(
    run: HandMade, tmp_path: Path, noticed_at: float
) -> None:
    run.event(1)
    run.call(1.0, 1)
    run.line(noticed_at, "fenced", "w1")
    repeat(run)

    [found] = findings(run, tmp_path)
    assert found.endswith(" (not yet durable when w1 was fenced)")


def test_a_fence_after_a_workers_own_repeat_does_not_explain_it(
    run: HandMade, tmp_path: Path
) -> None:
    run.event(1)
    run.call(1.0, 1)
    repeat(run, worker="w1")
    run.line(20.0, "fenced", "w1")

    assert kinds(run, tmp_path) == ["duplicate unexplained"]


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        ({"answer": "lost"}, "its answer was lost"),
        ({"answer": 503}, "it was answered 503 after the effect"),
        ({"saw": "timeout"}, "its worker saw timeout"),
    ],
    ids=["lost", "status", "timeout"],
)
def test_a_repeat_after_a_bad_answer_is_explained(
    run: HandMade, tmp_path: Path, request_: dict[str, str], reason: str
) -> None:
    run.event(1)
    run.call(1.0, 1, **request_)
    repeat(run, worker="w1")

    [found] = findings(run, tmp_path)
    assert found.endswith(f" ({reason})")


def test_a_lost_answer_explains_no_repeat_after_one_that_was_durable(
    run: HandMade, tmp_path: Path
) -> None:
    run.event(1)
    run.call(1.0, 1, answer="lost")
    repeat(run, at=2.0, worker="w1")
    run.call(9.0, 1, worker="w2")

    assert kinds(run, tmp_path) == ["duplicate explained", "duplicate unexplained"]


def test_a_repeat_by_an_unknown_caller_is_unexplained(
    run: HandMade, tmp_path: Path
) -> None:
    one_after_another(run, 1)
    run.request(9.0, seq=1)

    assert kinds(run, tmp_path) == ["duplicate unexplained"]


# ---- late


def frozen_and_woken(run: HandMade) -> None:
    one_after_another(run, 1)
    run.fault(2.0, "freeze")
    run.fault(12.0, "wake")
    run.line(20.0, "assigned", "w1")


def test_a_request_that_comes_after_the_wake_is_late(
    run: HandMade, tmp_path: Path
) -> None:
    frozen_and_woken(run)
    run.event(2)
    run.outcome(2)
    run.line(1.9, "start", "w1", 2, call="w1-9", user_id="auth0|1")
    run.request(12.01, call="w1-9", seq=2)

    assert findings(run, tmp_path) == [
        (
            "late: auth0|1: PATCH of call w1-9, begun at 1.900, came at 12.010; "
            "w1 woke at 12.000"
        )
    ]


def test_a_late_request_without_effect_is_found_too(
    run: HandMade, tmp_path: Path
) -> None:
    frozen_and_woken(run)
    run.call(13.0, 1, method="GET", effect_at=None)

    assert kinds(run, tmp_path) == ["late"]


def test_a_transaction_begun_after_the_wake_is_late(
    run: HandMade, tmp_path: Path
) -> None:
    frozen_and_woken(run)
    run.line(9.0, "owner", "w2")
    run.line(12.2, "durable", "w1", 7, began_at=1.99)
    run.line(13.0, "durable", "w1", 8, began_at=12.9)

    assert findings(run, tmp_path) == [
        (
            "late: -: w1, which woke at 12.000, wrote to partition 0 at 12.900, "
            "another's since 9.000"
        )
    ]


def test_a_transaction_begun_after_the_wake_is_not_late_where_nobody_took_over(
    run: HandMade, tmp_path: Path
) -> None:
    frozen_and_woken(run)
    run.line(13.0, "durable", "w1", 8, began_at=12.9)
    run.line(13.5, "owner", "w2")

    assert findings(run, tmp_path) == []


@pytest.mark.parametrize("back", ["assigned", "start"])
def test_a_worker_that_is_back_may_call(
    run: HandMade, tmp_path: Path, back: str
) -> None:
    frozen_and_woken(run)
    if back == "start":
        run.lines.pop()
        run.fault(20.0, "start")
    run.event(2)
    run.call(21.0, 2)
    run.done(21.5, 2)

    assert findings(run, tmp_path) == []


# ---- the program


def program(directory: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.history", str(directory)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_explained_duplicates_alone_end_with_0(run: HandMade, tmp_path: Path) -> None:
    run.event(1)
    run.call(1.0, 1, answer="lost")
    repeat(run)

    ended = program(run.write(tmp_path))

    assert ended.returncode == 0
    assert ended.stdout.splitlines()[1:] == [
        "explained 1: its answer was lost",
        (
            "acknowledged=1 requests=2 parked=0 lost=0 reordered=0 stale_final=0 "
            "twice_in_kafka=0 late=0 duplicates=1 duplicates_unexplained=0"
        ),
    ]


def test_any_other_finding_ends_with_1(run: HandMade, tmp_path: Path) -> None:
    run.event(1)

    ended = program(run.write(tmp_path))

    assert ended.returncode == 1
    assert "lost=1 " in ended.stdout.splitlines()[-1]


@pytest.mark.parametrize("line", ["nonsense", '{"at": 1.0, "kind": 7}'])
def test_a_line_that_is_no_record_ends_with_2_and_says_where(
    run: HandMade, tmp_path: Path, line: str
) -> None:
    (run.write(tmp_path) / "faults.jsonl").write_text(line)

    ended = program(tmp_path)

    assert ended.returncode == 2
    assert "faults.jsonl, line 1: " in ended.stderr


def test_a_missing_file_ends_with_2(tmp_path: Path) -> None:
    ended = program(tmp_path)

    assert ended.returncode == 2
    assert "No such file" in ended.stderr

"""The history checker explains repeated calls by faults, or says that none does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.checked import findings, kinds, one_after_another, repeat
from tests.support.hand_made import HandMade


@pytest.fixture
def run() -> HandMade:
    return HandMade()


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

"""The gate by examples: time is a number, no network."""

from __future__ import annotations

import pytest

from processors.correlation.calls import Answer, Gone
from processors.delivery.verdict import Rejected, RetryLater, Unavailable
from processors.rest.gate import Cause, Gate, GateState, Heard
from tests.support.gates import (
    BUSY,
    DONE,
    ERROR,
    NO_TOKEN,
    REFUSED,
    closed_by,
    failing,
    hears,
    is_due,
)


def waits(gate: Gate, *ends: Unavailable) -> list[float]:
    """Return the wait before each probe; the probes end like *ends*, at once."""
    found, now = [], 0.0
    for number, end in enumerate(ends):
        assert gate.opens_at is not None
        found.append(gate.opens_at - now)
        now = gate.opens_at
        lane = b"probe %d" % number
        assert gate.may_start(now, lane)
        hears(gate, now, lane, end)
    return found


def test_an_open_gate_lets_every_call_start() -> None:
    gate = Gate()

    assert all(gate.may_start(0.0, lane) for lane in (b"ann", b"bob", b"ann"))
    assert not is_due(gate, 0.0)
    assert gate.opens_at is None
    assert gate.state(0.0) == GateState(None)


@pytest.mark.parametrize("fault", [BUSY, NO_TOKEN, REFUSED])
def test_one_fault_of_the_whole_destination_closes_it_and_counts_nowhere(
    fault: Unavailable,
) -> None:
    gate = Gate()

    heard = hears(gate, 10.0, b"ann", fault)

    assert heard == Heard(counts=False)
    assert not gate.may_start(10.9, b"bob")
    assert gate.state(10.25) == GateState(fault.cause, fault.reason, 0.25, 0.75)


def test_exactly_one_call_may_probe_when_the_time_has_come() -> None:
    gate = closed_by(REFUSED)

    assert not is_due(gate, 0.99)
    assert is_due(gate, 1.0)
    assert gate.may_start(1.0, b"ann")
    assert not is_due(gate, 1.0)
    assert not gate.may_start(5.0, b"bob")
    assert gate.state(5.0) == GateState(
        "unreachable", "connection refused", 5.0, probing=True
    )


@pytest.mark.parametrize("fault", [NO_TOKEN, REFUSED])
def test_probes_come_after_1_2_4_and_at_most_60_seconds(fault: Unavailable) -> None:
    assert waits(closed_by(fault), *[fault] * 8) == [1, 2, 4, 8, 16, 32, 60, 60]


def test_a_limit_without_a_time_is_probed_at_most_4_seconds_apart() -> None:
    assert waits(closed_by(BUSY), *[BUSY] * 5) == [1, 2, 4, 4, 4]
    assert waits(closed_by(REFUSED), REFUSED, REFUSED, REFUSED, BUSY, BUSY, BUSY) == [
        *(1, 2, 4, 8),
        *(4, 4),
    ]


@pytest.mark.parametrize(
    ("named_seconds", "wait"),
    [
        (7.5, 7.5),
        (3600.0, 3600.0),
        (90_000.0, 3600.0),
        (0.0, 1.0),
        (-5.0, 1.0),
        (float("nan"), 1.0),
    ],
)
def test_the_time_that_the_destination_names_is_kept_within_1_second_and_an_hour(
    named_seconds: float, wait: float
) -> None:
    named = Unavailable("limited", "HTTP 429", named_seconds)

    assert waits(closed_by(named), named, BUSY, BUSY) == [wait, wait, 1.0]


def test_a_longer_time_named_by_a_call_under_way_is_kept() -> None:
    gate = closed_by(REFUSED)

    hears(gate, 0.5, b"bob", Unavailable("limited", "HTTP 429", 30.0))
    hears(gate, 0.6, b"cid", Unavailable("limited", "too late", 2.0))

    assert gate.opens_at == 30.5
    assert gate.state(0.6).reason == "HTTP 429"


def test_calls_that_were_under_way_neither_open_it_nor_lengthen_its_wait() -> None:
    gate = closed_by(REFUSED)

    ends = [
        gate.heard(0.1, b"bob", 200, DONE),
        gate.heard(0.1, b"cid", 503, RetryLater("HTTP 503", 900.0)),
        hears(gate, 0.1, b"dan", REFUSED),
        hears(gate, 0.1, b"eve", NO_TOKEN),
    ]

    assert [heard.counts for heard in ends] == [True, False, False, False]
    assert gate.opens_at == 1.0
    assert gate.state(0.1).cause == "unreachable"


def test_what_a_call_under_way_says_does_not_speak_for_the_probe() -> None:
    gate = closed_by(REFUSED)
    assert gate.may_start(1.0, b"ann")
    before = gate.opens_at

    gate.heard(1.1, b"bob", 200, DONE)
    gate.heard(1.1, b"cid", 500, ERROR)
    hears(gate, 1.1, b"dan", Unavailable("limited", "HTTP 429", 900.0))
    gate.withdrawn(1.1, b"eve")

    assert gate.opens_at == before
    assert gate.state(1.1).probing


@pytest.mark.parametrize("fault", [BUSY, NO_TOKEN, REFUSED])
@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (200, DONE),
        (404, Gone()),
        (422, Rejected("rejected", "HTTP 422")),
        (409, RetryLater("HTTP 409")),
        (500, ERROR),
    ],
)
def test_any_other_answer_opens_it_and_counts_as_ever(
    fault: Unavailable, status: int, meaning: Answer | RetryLater | Rejected
) -> None:
    gate = closed_by(fault)
    assert gate.may_start(1.0, b"ann")

    heard = gate.heard(1.0, b"ann", status, meaning)

    assert heard == Heard(counts=True)
    assert gate.state(1.0) == GateState(None)


@pytest.mark.parametrize("fault", [BUSY, NO_TOKEN, REFUSED])
def test_no_answer_opens_nothing_and_counts_nowhere(fault: Unavailable) -> None:
    gate = closed_by(fault)
    assert gate.may_start(1.0, b"ann")

    heard = gate.heard(2.0, b"ann", None, RetryLater("timeout", 900.0))

    assert heard == Heard(counts=False)
    assert gate.opens_at == 4.0


def test_another_reason_replaces_the_one_before() -> None:
    gate = closed_by(REFUSED)
    assert gate.may_start(1.0, b"ann")

    hears(gate, 1.0, b"ann", NO_TOKEN)

    assert gate.state(1.0) == GateState("auth", "HTTP 401", 1.0, 2.0)


def test_a_probe_that_was_not_made_leaves_its_turn_to_another() -> None:
    gate = closed_by(REFUSED)
    assert gate.may_start(1.0, b"ann")
    hears(gate, 1.0, b"ann", REFUSED)
    assert gate.may_start(3.0, b"bob")

    gate.withdrawn(3.5, b"bob")

    assert not gate.state(3.5).probing
    assert is_due(gate, 3.5)
    assert gate.may_start(3.5, b"cid")
    hears(gate, 3.5, b"cid", REFUSED)
    assert gate.opens_at == 7.5


def test_a_call_that_was_never_sent_says_nothing_of_the_destination() -> None:
    gate = closed_by(NO_TOKEN)
    assert gate.may_start(1.0, b"ann")

    heard = gate.heard(1.0, b"ann", None, Rejected("bad_external_id", "id is .."))

    assert heard == Heard(counts=True)
    assert gate.state(1.0) == GateState("auth", "HTTP 401", 1.0)
    assert gate.may_start(1.0, b"bob")


def test_withdrawing_a_call_of_an_open_gate_changes_nothing() -> None:
    gate = Gate()

    gate.withdrawn(0.0, b"ann")

    assert gate.may_start(0.0, b"ann")


def test_a_probe_that_nobody_reports_is_over_after_a_minute() -> None:
    gate = closed_by(REFUSED)
    assert gate.may_start(1.0, b"ann")

    assert not gate.may_start(60.9, b"bob")
    assert gate.may_start(61.0, b"bob")
    gate.heard(61.5, b"ann", 200, DONE)
    assert gate.state(61.5).probing
    gate.heard(62.0, b"bob", 200, DONE)
    assert gate.opens_at is None


@pytest.mark.parametrize("fault", [BUSY, NO_TOKEN, REFUSED])
def test_a_reopened_gate_begins_its_waits_anew(fault: Unavailable) -> None:
    gate = closed_by(fault)
    waits(gate, fault, fault, fault)
    assert gate.opens_at is not None
    now = gate.opens_at
    assert gate.may_start(now, b"ann")
    gate.heard(now, b"ann", 200, DONE)

    hears(gate, now, b"bob", fault)

    assert gate.opens_at == now + 1.0


def test_every_cause_can_be_told() -> None:
    gates = [closed_by(BUSY), closed_by(NO_TOKEN), closed_by(REFUSED), failing()]

    causes: list[Cause | None] = [gate.state(0.0).cause for gate in gates]

    assert causes == ["limited", "auth", "unreachable", "failing"]

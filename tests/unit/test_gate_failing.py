"""A destination where most calls fail, and lanes whose probes do: time is a number."""

from __future__ import annotations

from itertools import cycle

import pytest

from processors.delivery.verdict import Rejected, RetryLater
from processors.rest.gate import Gate, GateState, Heard
from tests.support.gates import (
    DONE,
    ERROR,
    OWN_FAULTS,
    REFUSED,
    failing,
    hears,
)


@pytest.mark.parametrize(("status", "failure"), OWN_FAULTS)
def test_more_than_half_of_20_calls_of_5_users_failing_closes_it(
    status: int | None, failure: RetryLater
) -> None:
    gate, users = Gate(), cycle([b"a", b"b", b"c", b"d", b"e"])
    for number in range(9):
        gate.heard(0.0, b"well %d" % number, 200, DONE)

    ends = [gate.heard(0.0, next(users), status, failure) for _ in range(11)]

    assert [heard.counts for heard in ends] == [True] * 10 + [False]
    reason = f"11 of the last 20 calls failed, the last with {failure.reason}"
    assert gate.state(0.0) == GateState("failing", reason, 0.0, 1.0)


def test_four_users_that_fail_close_nothing() -> None:
    gate = Gate()
    for number in range(400):
        assert gate.heard(0.0, b"u%d" % (number % 4), 503, ERROR).counts

    assert gate.opens_at is None


def test_half_of_the_calls_failing_closes_nothing() -> None:
    gate = Gate()
    for number in range(400):
        gate.heard(0.0, b"u%d" % number, 503, ERROR)
        gate.heard(0.0, b"u%d" % number, 422, Rejected("rejected", "HTTP 422"))

    assert gate.opens_at is None


@pytest.mark.parametrize("status", [403, 408, 409, 423])
def test_answers_that_ask_for_another_try_close_nothing(status: int) -> None:
    gate = Gate()
    for number in range(400):
        meaning = RetryLater(f"HTTP {status}")
        assert gate.heard(0.0, b"u%d" % number, status, meaning).counts

    assert gate.opens_at is None


def test_what_failed_before_it_closed_is_forgotten_when_it_opens() -> None:
    gate = failing()
    assert gate.may_start(1.0, b"ann")
    gate.heard(1.0, b"ann", 200, DONE)

    for number in range(10):
        assert gate.heard(1.0, b"u%d" % number, 500, ERROR).counts

    assert gate.opens_at is None


@pytest.mark.parametrize(("status", "failure"), OWN_FAULTS)
def test_a_failing_destination_opens_by_no_other_failure(
    status: int | None, failure: RetryLater
) -> None:
    gate = failing()
    assert gate.may_start(1.0, b"ann")

    heard = gate.heard(1.0, b"ann", status, failure)

    assert heard == Heard(counts=False)
    assert gate.opens_at == 3.0


@pytest.mark.parametrize(("status", "failure"), OWN_FAULTS)
def test_a_probe_that_failed_right_before_anothers_success_is_charged(
    status: int | None, failure: RetryLater
) -> None:
    gate = failing()
    assert gate.may_start(1.0, b"poison")
    assert not gate.heard(1.0, b"poison", status, failure).counts

    assert gate.may_start(3.0, b"ann")
    heard = gate.heard(3.0, b"ann", 200, DONE)

    assert heard == Heard(counts=True, charge=(b"poison", failure))


def test_a_lane_is_not_charged_for_its_own_later_success() -> None:
    gate = failing()
    for now, status, meaning in ((1.0, 500, ERROR), (3.0, 200, DONE)):
        assert gate.may_start(now, b"ann")
        heard = gate.heard(now, b"ann", status, meaning)

    assert heard == Heard(counts=True)


def test_a_fault_of_the_whole_destination_clears_the_probe_before_it() -> None:
    gate = failing()
    assert gate.may_start(1.0, b"ann")
    gate.heard(1.0, b"ann", 500, ERROR)
    assert gate.may_start(3.0, b"bob")
    hears(gate, 3.0, b"bob", REFUSED)

    assert gate.may_start(7.0, b"cid")
    assert gate.heard(7.0, b"cid", 200, DONE).charge is None

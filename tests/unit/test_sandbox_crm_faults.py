"""The fault program of the example CRM: plain functions, time passed in."""

from dataclasses import dataclass

import pytest

from sandbox.crm.faults import (
    BadFault,
    Busy,
    DropAfter,
    Error,
    FaultProgram,
    Latency,
    Limit,
    read_fault,
    read_faults,
)


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_fault_without_limits_strikes_every_call() -> None:
    program = FaultProgram()
    program.put([Error(status=502)])

    struck = [program.strike("GET", "/contacts").fault for _ in range(3)]

    assert struck == [Error(status=502)] * 3


def test_a_fault_for_the_next_two_requests_strikes_twice() -> None:
    program = FaultProgram()
    program.put([Busy(requests=2)])

    struck = [program.strike("GET", "/contacts").fault for _ in range(3)]

    assert struck == [Busy(requests=2), Busy(requests=2), None]


def test_calls_that_do_not_match_leave_the_count_alone() -> None:
    program = FaultProgram()
    fault = DropAfter(requests=1, method="patch", path="/contacts/c_.+")
    program.put([fault])

    assert program.strike("GET", "/contacts/c_1").fault is None
    assert program.strike("PATCH", "/contacts").fault is None
    assert program.strike("PATCH", "/contacts/c_1").fault == fault
    assert program.strike("PATCH", "/contacts/c_1").fault is None


def test_a_fault_with_an_end_strikes_until_then() -> None:
    clock = Clock()
    program = FaultProgram(clock)
    program.put([Error(seconds=5)])

    clock.now += 4.9
    before = program.strike("GET", "/contacts").fault
    clock.now += 0.2
    after = program.strike("GET", "/contacts").fault

    assert (before, after) == (Error(seconds=5), None)


def test_a_ratio_strikes_about_that_share_and_the_same_calls_each_time() -> None:
    def struck_calls(seed: int) -> list[int]:
        program = FaultProgram()
        program.put([Error(ratio=0.2, seed=seed)])
        calls = range(2000)
        return [call for call in calls if program.strike("GET", "/contacts").fault]

    assert 330 < len(struck_calls(7)) < 470
    assert struck_calls(7) == struck_calls(7)
    assert struck_calls(7) != struck_calls(8)


def test_latencies_add_up_and_of_the_others_the_first_strikes() -> None:
    program = FaultProgram()
    program.put(
        [
            Latency(latency_seconds=0.1),
            Error(requests=1),
            Busy(requests=1),
            Latency(latency_seconds=0.2, jitter_seconds=0.1),
        ]
    )

    first, second = (program.strike("GET", "/contacts") for _ in range(2))

    assert 0.3 <= first.latency_seconds <= 0.4
    assert (first.fault, second.fault) == (Error(requests=1), Busy(requests=1))


def test_a_limit_strikes_what_is_too_much_in_any_stretch() -> None:
    arrivals = [100.0, 105.0, 109.0, 110.0, 111.0, 115.0]
    clock = iter([0.0, *arrivals])  # the first when it is programmed
    program = FaultProgram(clock=lambda: next(clock))
    program.put([Limit(calls=2, per_seconds=10)])

    struck = [program.strike("GET", "/contacts").fault is not None for _ in arrivals]

    assert struck == [False, False, True, False, True, False]


def test_putting_faults_ends_the_former_ones() -> None:
    program = FaultProgram()
    program.put([Error()])

    program.put([])

    assert program.strike("GET", "/contacts").fault is None


def test_a_command_line_value_names_kind_and_limits() -> None:
    fault = read_fault("busy,retry_after_seconds=2,ratio=0.5,method=PATCH")

    assert fault == Busy(retry_after_seconds=2, ratio=0.5, method="PATCH")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("flood", "Invalid value 'flood'"),
        ("busy,retry_after=2", "unknown field `retry_after`"),
        ("error,status=200", ">= 500"),
        ("error,ratio=1.5", "<= 1"),
        ("latency", "latency_seconds"),
        ("busy,path=(", "no regular expression"),
        ("busy,requests=0", ">= 1"),
    ],
)
def test_a_wrong_fault_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(BadFault, match=reason):
        read_fault(text)


@pytest.mark.parametrize("body", [b"", b"{}", b'[{"kind":"x"}]', b"[{}]"])
def test_a_body_that_is_no_list_of_faults_is_refused(body: bytes) -> None:
    with pytest.raises(BadFault):
        read_faults(body)


def test_more_faults_than_the_bound_are_refused() -> None:
    with pytest.raises(BadFault, match="at most 100"):
        read_faults(b"[" + b",".join([b'{"kind":"busy"}'] * 101) + b"]")

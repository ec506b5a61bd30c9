"""The gate against whatever a destination and its callers do: time is a number."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from processors.correlation.calls import Answer, Gone
from processors.delivery.verdict import Rejected, RetryLater, Unavailable
from processors.rest.gate import Gate, Heard
from tests.support.gates import (
    BUSY,
    DONE,
    ERROR,
    NO_TOKEN,
    OWN_FAULTS,
    REFUSED,
    closed_by,
    failing,
    hears,
    is_due,
    status_of,
)

CallEnd = tuple[int | None, Answer | RetryLater | Rejected | Unavailable]
LANES = [b"lane %d" % number for number in range(8)]
ANSWERED: list[CallEnd] = [
    (200, DONE),
    (404, Gone()),
    (409, RetryLater("HTTP 409", 5.0)),
    (422, Rejected("rejected", "HTTP 422")),
]
named_seconds = st.none() | st.floats(-1e9, 1e9) | st.just(float("nan"))
limits = st.builds(Unavailable, st.just("limited"), st.just("HTTP 429"), named_seconds)
faults = limits | st.sampled_from([NO_TOKEN, REFUSED])
ends = (
    st.sampled_from(ANSWERED)
    | st.sampled_from(OWN_FAULTS)
    | faults.map(lambda fault: (status_of(fault), fault))
)


class AnyCallers(RuleBasedStateMachine):
    """Callers that start what they may, and ends of calls that come in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = Gate()
        self.now = 0.0
        self.in_flight: set[bytes] = set()
        self.probe: bytes | None = None  # since it closed: the last one
        self.probed_at: list[float] = []  # since it closed
        self.probe_failed: dict[bytes, RetryLater] = {}  # since it closed

    @rule(seconds=st.floats(0.0, 5.0) | st.floats(0.0, 4000.0))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(lane=st.sampled_from(LANES))
    def a_lane_asks(self, lane: bytes) -> None:
        if lane in self.in_flight:
            return
        opens_at, wanted = self.gate.opens_at, is_due(self.gate, self.now)

        may_start = self.gate.may_start(self.now, lane)

        assert may_start == (opens_at is None or wanted)
        if may_start:
            self.in_flight.add(lane)
        if may_start and opens_at is not None:
            assert self.now >= opens_at
            if self.probed_at:
                assert self.now - self.probed_at[-1] > 0.999
            self.probed_at.append(self.now)
            self.probe = lane

    @precondition(lambda self: self.in_flight)
    @rule(data=st.data(), end=ends)
    def a_call_ends(self, data: st.DataObject, end: CallEnd) -> None:
        lane = data.draw(st.sampled_from(sorted(self.in_flight)))
        status, meaning = end
        was_closed = self.gate.opens_at is not None
        is_probe = self.probe == lane

        heard = self.gate.heard(self.now, lane, status, meaning)

        self.in_flight.discard(lane)
        is_closed = self.gate.opens_at is not None
        own_fault = isinstance(meaning, RetryLater) and end not in ANSWERED
        if isinstance(meaning, Unavailable):
            assert heard == Heard(counts=False)
            assert is_closed
        elif own_fault:
            assert heard == Heard(counts=not is_closed)
        else:
            assert heard.counts
            assert is_closed == (was_closed and not is_probe)
        if was_closed and not is_probe:
            assert is_closed
        if heard.charge is not None:
            assert is_probe
            assert heard.charge[0] != lane
            assert self.probe_failed[heard.charge[0]] == heard.charge[1]
        if was_closed != is_closed:
            self.probe, self.probed_at, self.probe_failed = None, [], {}
        elif is_probe and isinstance(meaning, RetryLater):
            self.probe_failed[lane] = meaning

    @precondition(lambda self: self.in_flight)
    @rule(data=st.data())
    def a_call_is_withdrawn(self, data: st.DataObject) -> None:
        lane = data.draw(st.sampled_from(sorted(self.in_flight)))
        was_closed = self.gate.opens_at is not None

        self.gate.withdrawn(self.now, lane)

        self.in_flight.discard(lane)
        assert (self.gate.opens_at is not None) == was_closed
        if self.probe == lane:
            self.probe = None
            self.probed_at.pop()

    @invariant()
    def waits_are_bounded_and_the_state_says_why(self) -> None:
        state, opens_at = self.gate.state(self.now), self.gate.opens_at
        assert (state.cause is None) == (opens_at is None)
        assert bool(state.reason) == (opens_at is not None)
        # Of a clock's sums the last digit may be off.
        assert 0.0 <= state.probe_in_seconds <= 3600.001
        assert state.closed_seconds >= 0.0
        if opens_at is not None:
            assert opens_at - self.now <= 3600.001


TestAnyCallers = AnyCallers.TestCase
TestAnyCallers.settings = settings(max_examples=100, stateful_step_count=50)


def turn(gate: Gate, lanes: list[bytes]) -> tuple[float, bytes]:
    """Start the next probe as a caller does: *lanes* take turns."""
    assert gate.opens_at is not None
    now = gate.opens_at
    lane = lanes.pop(0)
    lanes.append(lane)
    assert gate.may_start(now, lane)
    return now, lane


@given(st.lists(faults, min_size=1, max_size=40), st.sampled_from(ANSWERED))
def test_an_outage_of_any_length_counts_and_charges_no_attempt(
    outage: list[Unavailable], answer: CallEnd
) -> None:
    gate, lanes = Gate(), list(LANES)
    hears(gate, 0.0, LANES[0], outage[0])
    for fault in outage[1:]:
        now, lane = turn(gate, lanes)
        assert hears(gate, now, lane, fault) == Heard(counts=False)

    now, lane = turn(gate, lanes)

    assert gate.heard(now, lane, *answer) == Heard(counts=True)
    assert gate.opens_at is None


@given(
    closed=limits.map(closed_by)
    | st.sampled_from([BUSY, NO_TOKEN, REFUSED]).map(closed_by)
    | st.builds(failing),
    outage=st.lists(faults, max_size=10),
    lanes=st.permutations(LANES),
    poison=st.dictionaries(
        st.sampled_from(LANES), st.sampled_from(OWN_FAULTS), min_size=1, max_size=7
    ),
)
def test_events_that_always_fail_cannot_keep_it_shut_while_another_succeeds(
    closed: Gate,
    outage: list[Unavailable],
    lanes: list[bytes],
    poison: dict[bytes, CallEnd],
) -> None:
    for fault in outage:
        hears(closed, *turn(closed, lanes), fault)

    probes = 0
    while closed.opens_at is not None:
        now, lane = turn(closed, lanes)
        closed.heard(now, lane, *poison.get(lane, (200, DONE)))
        probes += 1

    # Those left of a round that the outage began may all fail, then it is all's turn.
    assert probes <= 2 * len(poison) + 1


@given(st.lists(st.sampled_from(LANES), max_size=200), st.sampled_from(OWN_FAULTS))
def test_four_events_that_always_fail_never_close_it(
    calls: list[bytes], failure: CallEnd
) -> None:
    gate = Gate()
    for lane in calls:
        end = failure if lane in LANES[:4] else (200, DONE)
        assert gate.heard(0.0, lane, *end).counts

    assert gate.opens_at is None


@given(st.lists(st.tuples(st.sampled_from(LANES), st.booleans()), max_size=80))
def test_it_closes_exactly_when_most_of_the_last_20_calls_of_5_users_failed(
    calls: list[tuple[bytes, bool]],
) -> None:
    gate = Gate()
    for number, (lane, fails) in enumerate(calls):
        gate.heard(0.0, lane, *((500, ERROR) if fails else (200, DONE)))

        failed = [user for user, bad in calls[max(0, number - 19) : number + 1] if bad]
        closes = fails and len(failed) > 10 and len(set(failed)) >= 5
        assert (gate.opens_at is not None) == closes
        if closes:
            return

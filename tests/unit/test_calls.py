"""Who may call next: few who wait, and live events before old ones."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from processors.calls import Calls, Turn
from processors.correlation.calls import Answer
from processors.delivery.partition import Partition
from processors.delivery.verdict import Unavailable
from processors.rest.budget import Budget
from processors.rest.connection import Limits
from processors.rest.gate import Gate
from tests.support.core import Owner, an_event
from tests.support.virtual_time import run

SLOW = Limits.model_validate({"rates": [{"calls": 19, "per_seconds": 1}]})


class Held:
    """A lease that holds."""

    def may_call(self) -> bool:
        """Return that it does."""
        return True


class Served:
    """A partition whose attempts are under way until a test ends them."""

    def __init__(self, old: int, new: int) -> None:
        self.core: Partition = Owner().serve().core
        self.started: list[tuple[Turn, bool]] = []
        now = time.time()
        for number in range(old + new):
            at = now - 3600.0 if number < old else now
            event = an_event(number, b"u%d" % number, happened_at=at)
            self.core.arrive(event, now)

    def start(self, turn: Turn, *, backlog: bool) -> bool:
        """Start the next attempt; it ends when the test says so."""
        assert self.core.start(backlog=backlog) is not None
        self.started.append((turn, backlog))
        return True


def shared(
    partitions: Sequence[Served], budget: Budget, gate: Gate | None = None
) -> Calls:
    """Return calls that are shared by *partitions*, after what could start has."""
    calls = Calls(gate or Gate(), lambda: None, lambda: None)
    calls.wire(budget, Held())
    budget.assigned(12, 12)
    calls.share(partitions)
    calls.start_all()
    return calls


def test_no_more_attempts_wait_for_their_first_call_than_may_call_soon() -> None:
    async def story() -> None:
        served, budget = Served(old=50, new=0), Budget(SLOW)
        calls = shared([served], budget)
        assert len(served.started) == budget.waiting_max == 3
        assert calls.wait_for_budget

        served.started[0][0].called()
        assert not calls.wait_for_budget
        calls.start_all()

        assert len(served.started) == 4

    run(story())


def test_few_attempts_begin_in_one_turn_of_the_loop_and_others_in_the_next() -> None:
    async def story() -> None:
        served, looks = Served(old=0, new=40), [0]
        fast = Limits.model_validate({"rates": [{"calls": 9_999, "per_seconds": 1}]})
        budget = Budget(fast)
        budget.assigned(12, 12)
        for _ in range(40):
            with budget.calling():  # each answer in time is one more at a time
                pass

        def again() -> None:
            looks[0] += 1
            asyncio.get_running_loop().call_soon(calls.start_all)

        calls = Calls(Gate(), again, lambda: None)
        calls.wire(budget, Held())
        calls.share([served])
        began: list[int] = []
        for _ in range(4):
            calls.start_all() if not began else await asyncio.sleep(0)
            began.append(len(served.started))

        assert began == [16, 32, 40, 40]
        assert looks == [2]

    run(story())


def test_calls_at_a_time_are_bounded_where_none_waits() -> None:
    async def story() -> None:
        served, budget = Served(old=50, new=0), Budget(SLOW, calls_max=5)
        calls = shared([served], budget)
        for _ in range(10):
            for turn, _ in served.started:
                turn.called()
            calls.start_all()
        assert len(served.started) == 5

        served.started[0][0].ended(1)
        calls.start_all()

        assert len(served.started) == 6

    run(story())


def test_live_lanes_get_half_of_the_calls_wherever_they_are() -> None:
    async def story() -> list[bool]:
        backlogs = [Served(old=60, new=0) for _ in range(3)]
        live = Served(old=0, new=60)
        served, budget = [*backlogs, live], Budget(SLOW)
        calls = shared(served, budget)
        order: list[bool] = []
        while len(order) < 80:
            for one in served:
                for turn, backlog in one.started:
                    turn.ended(3 if backlog else 1)
                    order.append(backlog)
                one.started.clear()
            calls.start_all()
        return order

    order = run(story())

    live, old = order.count(False), order.count(True)
    assert live == 60
    # Until the live ones had ended, those of the backlog made three calls each.
    until = order[: len(order) - order[::-1].index(False)]
    assert 3 * until.count(True) <= until.count(False) + 12
    assert old > 0


def test_alone_each_class_gets_all_calls() -> None:
    async def story() -> None:
        for old, new in ((20, 0), (0, 20)):
            served, budget = Served(old, new), Budget(SLOW)
            calls = shared([served], budget)
            while served.started and len(served.core.lanes) > 0:
                turn, _ = served.started.pop(0)
                turn.ended(1)
                calls.start_all()
            assert not served.core.lanes.has_ready

    run(story())


def test_while_the_gate_is_closed_one_probe_at_a_time_is_started() -> None:
    async def story() -> None:
        gate, served = Gate(), Served(old=5, new=5)
        fault: Answer | Unavailable = Unavailable("unreachable", "refused")
        gate.heard(time.monotonic() - 60.0, b"u0", None, fault)
        calls = shared([served], Budget(SLOW), gate)
        calls.start_all()

        assert len(served.started) == 1

    run(story())

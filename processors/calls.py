"""Whose turn it is: shares the worker's calls among its partitions."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Protocol

from processors.alarm import Alarm
from processors.delivery.partition import Partition
from processors.rest.budget import Budget
from processors.rest.gate import Gate

LEASE_SECONDS = 0.2
# So many attempts begin in one turn of the event loop: hundreds at once would make all
# else wait that goes on beside them.
IN_A_TURN_MAX = 16


class Lease(Protocol):
    """Whether this worker may start a call, which takes its whole deadline."""

    def may_call(self) -> bool:
        """Whether a call that starts now ends while the lease surely holds."""


class Starts(Protocol):
    """A partition whose attempts are started here."""

    core: Partition

    def start(self, turn: Turn, *, backlog: bool) -> bool:
        """Start the next attempt, if there is one; return whether there was."""


class Turn:
    """One started attempt, from its start to its end."""

    def __init__(self, calls: Calls, *, backlog: bool) -> None:
        self._calls = calls
        self._backlog = backlog
        self._waits = True

    def called(self) -> None:
        """Note that the attempt does not wait for its first call any more."""
        if self._waits:
            self._waits = False
            self._calls.one_waits_less()

    def ended(self, calls: int) -> None:
        """Note that the attempt has ended, after so many calls."""
        self.called()
        self._calls.one_less(calls, backlog=self._backlog)


class Calls:
    """Starts attempts: as many as may be under way, and live ones before the backlog.

    No more attempts are started than the budget lets call soon. So an event that comes
    is not behind hundreds that were begun, and events of a user that wait become one
    attempt. While both wait, live lanes get at least half of the calls. *between* is
    called after each that is started.
    """

    def __init__(
        self, gate: Gate, ready: Callable[[], None], between: Callable[[], None]
    ) -> None:
        self._gate = gate
        self._ready = ready
        self._between = between
        self._turn: deque[Starts] = deque()
        self._alarm = Alarm(ready)
        self._probing = False
        self._under_way = 0
        self._waiting = 0  # of those, before their first call
        self._live_calls = self._backlog_calls = 0  # while both wait
        self._budget: Budget
        self._lease: Lease

    def wire(self, budget: Budget, lease: Lease) -> None:
        """Give it the parts that need others; call before `start_all`."""
        self._budget, self._lease = budget, lease

    def share(self, partitions: Iterable[Starts]) -> None:
        """Start attempts of these partitions, in turn, and of no others."""
        self._turn = deque(partitions)

    @property
    def wait_for_budget(self) -> bool:
        """Whether no attempt is started because others wait for the budget."""
        return self._waiting >= self._budget.waiting_max

    def start_all(self) -> None:
        """Start what can be started now; cheap when there is nothing."""
        opens_at = self._gate.opens_at
        for owned in self._turn:
            owned.core.reachable = opens_at is None
        if opens_at is None and not self._may_start():
            return
        if not any(owned.core.lanes.has_ready for owned in self._turn):
            return
        if not self._lease.may_call():
            self._later(LEASE_SECONDS)
        elif opens_at is not None:
            self._probe(opens_at - time.monotonic())
        else:
            self._start_some()

    def _start_some(self) -> None:
        for _ in range(IN_A_TURN_MAX):
            if not (self._may_start() and self._start_one()):
                return
            self._between()
        self._ready()  # the others in the next turns

    def _may_start(self) -> bool:
        return self._under_way < self._budget.concurrency and not self.wait_for_budget

    def _probe(self, wait_seconds: float) -> None:
        if wait_seconds > 0:
            self._later(wait_seconds)
        elif not self._probing:
            self._probing = self._start_one()

    def _start_one(self) -> bool:
        """Start one attempt of the partition whose turn it is; False: there is none."""
        now = time.time()
        first_live = first_old = None
        for owned in self._turn:
            live, old = owned.core.ready(now)
            if live and first_live is None:
                first_live = owned
            if old and first_old is None:
                first_old = owned
            if first_live is not None and first_old is not None:
                break
        if first_live is None or first_old is None:
            self._live_calls = self._backlog_calls = 0
        elif self._live_calls <= self._backlog_calls:
            first_old = None
        chosen = first_live if first_old is None else first_old
        return chosen is not None and self._start(chosen, backlog=chosen is first_old)

    def _start(self, owned: Starts, *, backlog: bool) -> bool:
        self._turn.remove(owned)
        self._turn.append(owned)
        self._under_way += 1
        self._waiting += 1
        self._spend(1, backlog=backlog)
        turn = Turn(self, backlog=backlog)
        started = owned.start(turn, backlog=backlog)
        if not started:
            turn.ended(0)
        return started

    def _spend(self, calls: int, *, backlog: bool) -> None:
        if backlog:
            self._backlog_calls += calls
        else:
            self._live_calls += calls

    def one_waits_less(self) -> None:
        """Note that an attempt does not wait for its first call any more."""
        held_others_back = self.wait_for_budget
        self._waiting -= 1
        if held_others_back:
            self._ready()

    def one_less(self, calls: int, *, backlog: bool) -> None:
        """Note that an attempt has ended, after so many calls."""
        self._under_way -= 1
        self._probing = False
        self._spend(max(0, calls - 1), backlog=backlog)

    def _later(self, seconds: float) -> None:
        """Look again in *seconds*, or sooner where that was already meant."""
        self._alarm.set(asyncio.get_running_loop().time() + seconds)

"""Whether this process still is a member of its consumer group, by its own clock.

A process that was frozen does not know that its partitions are somebody else's. What
it does know, on waking, is the time: the broker cannot have given them away before the
session timeout has passed since the last heartbeat that it answered.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from aiokafka import errors
from aiokafka.protocol.group import HeartbeatRequest, SyncGroupRequest

NO_GENERATION = -1


class Membership:
    """The lease on the owned partitions.

    Written by the thread of the consumer, may be read by any: times are monotonic.
    """

    def __init__(
        self,
        session_timeout_seconds: float,
        rebalance_timeout_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._session_seconds = session_timeout_seconds
        self._rebalance_seconds = rebalance_timeout_seconds
        self._clock = clock
        self._steady_at = 0.0
        self.lease_until = 0.0
        self.generation = NO_GENERATION

    @property
    def is_member(self) -> bool:
        """Whether the group knows us, as far as we know."""
        return self.generation != NO_GENERATION

    def holds(self, now: float, call_seconds_max: float = 0.0) -> bool:
        """Whether what begins at *now* ends while the partitions are surely ours."""
        return now + call_seconds_max < self.lease_until

    def joined(self, generation: int, sent_at: float) -> None:
        """The group took us in; the broker's clock runs from *sent_at* or later."""
        self.generation = generation
        self._steady_at = sent_at
        self.lease_until = sent_at + self._session_seconds

    def confirmed(self, sent_at: float, *, rebalancing: bool) -> None:
        """A heartbeat was answered.

        While the group rebalances the session is not all: it drops who has not joined
        when the rebalance timeout is over, and that runs since the last calm answer.
        """
        if not self.is_member:
            return
        until = sent_at + self._session_seconds
        if rebalancing:
            until = min(until, self._steady_at + self._rebalance_seconds)
        else:
            self._steady_at = sent_at
        self.lease_until = max(self.lease_until, until)

    def lost(self) -> None:
        """The group does not know us any more."""
        self.generation = NO_GENERATION
        self.lease_until = 0.0

    def watch(self, coordinator: Any) -> None:
        """Follow what aiokafka's *coordinator*, which has not joined yet, is told."""
        send, reset = coordinator._send_req, coordinator.reset_generation  # noqa: SLF001 -- pinned by assumptions.py

        async def send_request(request: Any) -> Any:
            sent_at = self._clock()
            answer = await send(request)
            if isinstance(request, HeartbeatRequest):
                self._heartbeat(answer.error_code, sent_at)
            elif isinstance(request, SyncGroupRequest) and answer.error_code == 0:
                self.joined(coordinator.generation, sent_at)
            return answer

        def reset_generation() -> None:
            self.lost()
            reset()

        coordinator._send_req = send_request  # noqa: SLF001
        coordinator.reset_generation = reset_generation

    def _heartbeat(self, error_code: int, sent_at: float) -> None:
        if error_code == 0:
            self.confirmed(sent_at, rebalancing=False)
        elif error_code == errors.RebalanceInProgressError.errno:
            self.confirmed(sent_at, rebalancing=True)

"""What one attempt may do while its partition is owned."""

from __future__ import annotations

import time
from dataclasses import dataclass

from processors.calls import Lease, Turn
from processors.delivery.lanes import Attempt
from processors.delivery.partition import Partition


@dataclass(frozen=True, slots=True)
class Permit:
    """Lets *attempt* call while it is its partition's, and the lease holds."""

    core: Partition
    lease: Lease
    attempt: Attempt
    turn: Turn

    def may_call(self) -> bool:
        """Whether a call may still start, after it waited its turn."""
        current = self.attempt.epoch == self.core.epoch and self.core.state == "active"
        return current and self.lease.may_call()

    def may_deactivate(self) -> bool:
        """Whether a call may start that deactivates a record."""
        return self.core.own.may_deactivate(self.attempt, time.time())

    def called(self) -> None:
        """Let another attempt begin: this one waits for its first call no more."""
        self.turn.called()

"""The gate: no call starts while the destination as a whole is at fault."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Literal, NamedTuple

from processors.correlation.calls import Answer
from processors.delivery.verdict import Rejected, RetryLater, Unavailable

Cause = Literal["limited", "auth", "unreachable", "failing"]

WAIT_SECONDS_MIN = 1.0
WAIT_SECONDS_MAX = 60.0
LIMITED_WAIT_SECONDS_MAX = 4.0
NAMED_WAIT_SECONDS_MAX = 3600.0
PROBE_SECONDS_MAX = 60.0  # longer than any call; a probe nobody speaks of is over then
CALLS_JUDGED = 20
FAILING_USERS_MIN = 5


class Heard(NamedTuple):
    """What the end of a call means for attempts.

    A failure for which `counts` is False was the destination's: its lane is tried again
    as if it had not been. `charge` is a lane whose probe failed right before another's
    was answered, with that failure: it counts as an attempt after all.
    """

    counts: bool
    charge: tuple[bytes, RetryLater] | None = None


class GateState(NamedTuple):
    """The gate as people see it; `cause` is None while it is open."""

    cause: Cause | None
    reason: str = ""
    closed_seconds: float = 0.0
    probe_in_seconds: float = 0.0
    probing: bool = False


@dataclass(slots=True)
class _Closed:
    cause: Cause
    reason: str
    since: float
    probe_at: float = 0.0
    step_seconds: float = 0.0  # the wait before, where the destination named none
    probe: bytes | None = None
    failed: tuple[bytes, RetryLater] | None = None  # the last probe, by its own fault

    def wait(self, now: float, named_seconds: float | None) -> None:
        """Let the next probe come after the time named, or after 1, 2, 4 … seconds."""
        self.probe = None
        if named_seconds is None:
            most = (
                LIMITED_WAIT_SECONDS_MAX
                if self.cause == "limited"
                else WAIT_SECONDS_MAX
            )
            longer = max(WAIT_SECONDS_MIN, self.step_seconds * 2)
            self.step_seconds = min(longer, most)
            self.probe_at = now + self.step_seconds
        else:
            self.probe_at = now + _bounded(named_seconds)


class Gate:
    """Closes for faults of the whole destination, opens by a probe; one per worker.

    While it is closed one call at a time may start, when its time has come: the probe.
    Offer it another lane each time, so that none can keep it shut.
    Whoever was told True by `may_start` reports that call once, by `heard` at its end
    or by `withdrawn`. A lane has one call at a time. `now` is a monotonic clock's.
    """

    def __init__(self) -> None:
        self._closed: _Closed | None = None
        self._recent: deque[tuple[bytes, bool]] = deque(maxlen=CALLS_JUDGED)

    @property
    def opens_at(self) -> float | None:
        """When `may_start` may next be True, unless a call ends before; None: it is."""
        return None if self._closed is None else self._closed.probe_at

    def state(self, now: float) -> GateState:
        """Return whether and why it is closed: for metrics, log and `/readyz`."""
        closed = self._closed
        if closed is None:
            return GateState(None)
        probing = closed.probe is not None
        wait = 0.0 if probing else max(0.0, closed.probe_at - now)
        return GateState(closed.cause, closed.reason, now - closed.since, wait, probing)

    def may_start(self, now: float, lane: bytes) -> bool:
        """Whether a call of *lane* may start; while closed, True makes it the probe."""
        closed = self._closed
        if closed is None:
            return True
        if now < closed.probe_at:
            return False
        closed.probe, closed.probe_at = lane, now + PROBE_SECONDS_MAX
        return True

    def withdrawn(self, now: float, lane: bytes) -> None:
        """Note that a call of *lane* was not made after all: another may start at once.

        A cancelled call may have been sent: it is heard, as one without an answer.
        """
        if self._closed is not None and self._closed.probe == lane:
            self._closed.probe, self._closed.probe_at = None, now

    def heard(
        self,
        now: float,
        lane: bytes,
        status: int | None,
        meaning: Answer | RetryLater | Rejected | Unavailable,
    ) -> Heard:
        """Take in how a call of *lane* ended; *status* is None without an answer."""
        match meaning:
            case Unavailable():
                self._unavailable(now, lane, meaning)
                return Heard(counts=False)
            case RetryLater() if status is None or status >= 500:  # noqa: PLR2004 -- the class of its faults
                self._failed(now, lane, status, meaning)
                return Heard(counts=self._closed is None)
            case Rejected() if status is None:  # refused before it was sent
                self.withdrawn(now, lane)
                return Heard(counts=True)
            case _:
                return Heard(counts=True, charge=self._answered(lane))

    def _unavailable(self, now: float, lane: bytes, fault: Unavailable) -> None:
        closed, named = self._closed, fault.after_seconds
        if closed is None:
            self._close(now, fault.cause, fault.reason, named)
        elif closed.probe == lane:
            closed.cause, closed.reason = fault.cause, fault.reason
            closed.failed = None
            closed.wait(now, named)
        elif closed.probe is None and named is not None:
            # One of the calls that were under way when it closed: it says nothing
            # new, but the time that it names may be later.
            until = now + _bounded(named)
            if until > closed.probe_at:
                closed.cause, closed.reason = fault.cause, fault.reason
                closed.probe_at = until

    def _failed(
        self, now: float, lane: bytes, status: int | None, failure: RetryLater
    ) -> None:
        closed = self._closed
        if closed is None:
            self._recent.append((lane, True))
            failing = [user for user, failed in self._recent if failed]
            users = len(set(failing))
            if len(failing) > CALLS_JUDGED / 2 and users >= FAILING_USERS_MIN:
                of = f"{len(failing)} of the last {len(self._recent)} calls failed"
                self._close(now, "failing", f"{of}, the last with {failure.reason}")
        elif closed.probe == lane:
            if status is not None and closed.cause != "failing":
                self._closed = None  # it answers, and does not refuse us any more
                return
            # The time named with it is not kept: it was named to one event.
            closed.failed = lane, failure
            closed.wait(now, None)

    def _answered(self, lane: bytes) -> tuple[bytes, RetryLater] | None:
        closed = self._closed
        if closed is None:
            self._recent.append((lane, False))
        elif closed.probe == lane:
            self._closed = None
            if closed.failed is not None and closed.failed[0] != lane:
                return closed.failed
        return None

    def _close(
        self, now: float, cause: Cause, reason: str, named_seconds: float | None = None
    ) -> None:
        self._recent.clear()
        self._closed = _Closed(cause, reason, since=now)
        self._closed.wait(now, named_seconds)


def _bounded(named_seconds: float) -> float:
    # In this order, which also makes 1 s of a NaN.
    return min(max(WAIT_SECONDS_MIN, named_seconds), NAMED_WAIT_SECONDS_MAX)

"""What is sent, and what became of it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Event:
    """One webhook body; events with equal *user_id* are sent one after another."""

    id: str
    user_id: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Attempt:
    """One POST: when it began, what was answered, and after how long.

    `status` is None where no answer came; then `error` names the kind of failure.
    """

    at: datetime
    status: int | None
    seconds: float
    error: str | None = None

    @property
    def delivered(self) -> bool:
        """Any 2XX."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004 - HTTP's own classes

    @property
    def final(self) -> bool:
        """Any 2XX, and any 4XX: Auth0 does not retry what the receiver refuses.

        https://auth0.com/docs/customize/events/events-best-practices
        """
        refused = self.status is not None and 400 <= self.status < 500  # noqa: PLR2004 - HTTP's own classes
        return self.delivered or refused


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event after its last attempt; there was at least one."""

    event: Event
    attempts: tuple[Attempt, ...]

    @property
    def status(self) -> int | None:
        """The last attempt's status, None where it got no answer."""
        return self.attempts[-1].status

    @property
    def delivered(self) -> bool:
        """Tell whether the receiver took the event."""
        return self.attempts[-1].delivered

    @property
    def failure(self) -> str:
        """Name the last attempt's status, or the failure where no answer came."""
        last = self.attempts[-1]
        return str(last.error if last.status is None else last.status)

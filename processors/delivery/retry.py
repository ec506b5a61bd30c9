"""When a failed attempt is repeated, and when it is given up."""

from __future__ import annotations

from dataclasses import dataclass

JITTER_FROM_SECONDS = 60.0


@dataclass(frozen=True)
class RetryPolicy:
    """The waits after attempt 1, 2, 3 …; after the last one the event is given up."""

    waits_seconds: tuple[float, ...]

    @property
    def attempts_max(self) -> int:
        """Attempts in all, the first one counted."""
        return len(self.waits_seconds) + 1

    def wait_seconds(self, attempt: int, chance: float) -> float | None:
        """Seconds to wait after *attempt* failed, or None to give up.

        Waits of a minute or more are spread by *chance* (0 to 1, full jitter), so that
        users who failed together do not come back together.

        >>> policy = RetryPolicy((1.0, 300.0))
        >>> [policy.wait_seconds(attempt, 0.5) for attempt in (1, 2, 3)]
        [1.0, 150.0, None]
        """
        if attempt >= self.attempts_max:
            return None
        wait = self.waits_seconds[attempt - 1]
        return wait if wait < JITTER_FROM_SECONDS else wait * chance

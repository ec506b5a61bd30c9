"""An event's place in time, which is not its place in the log."""

from __future__ import annotations

from typing import NamedTuple


class Version(NamedTuple):
    """When something was so: greater is newer.

    `time` and `updated_at` are instants in UTC, all written with the same number of
    digits (`2025-06-01T12:00:00.123456789Z`), so that their text compares as they do;
    empty where unknown. `whole` is 0 for the version just below the one with 1.

    >>> Version("2025-01-01", "", "b") > Version("2025-01-01", "", "a")
    True
    >>> Version("2025-01-01", "", "b").just_below() < Version("2025-01-01", "", "b")
    True
    """

    time: str
    updated_at: str
    event_id: str
    whole: int = 1

    def just_below(self) -> Version:
        """Return the greatest version that is older than this one."""
        return self._replace(whole=0)

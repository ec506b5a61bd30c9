"""What has become of a user: there, deleted, or merged into another login.

Auth0 reports a merge as a deletion of one login and a change of the other, in any
order; ingest adds a mark to the lane of the deleted one. What is kept are the newest
of each kind, and the fate follows from these alone: whatever came in which order and
how often.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal, NamedTuple

from processors.delivery.version import Version

Mark = tuple[str, Version]  # its name in the link, and when it was so
CHANGED, DELETED, MERGED, ABANDONED = "changed", "deleted", "merged:", "abandoned:"
PRIMARIES_MAX = 8
Fate = Literal["there", "merged", "deleted"]


class Facts(NamedTuple):
    """When a user was last changed, deleted, merged into whom, and left by whom."""

    marks: Mapping[str, Version]

    def plus(self, marks: Iterable[Mark]) -> Facts:
        """Return what is known with *marks*, too."""
        known = dict(self.marks)
        for name, version in marks:
            known[name] = max(known.get(name, version), version)
        return Facts(known)

    def pruned(self) -> Facts:
        """Return what can still matter; of too many primaries the newest."""
        changed = self.marks.get(CHANGED)
        newer = {
            name: version
            for name, version in self.marks.items()
            if name != CHANGED and (changed is None or version > changed)
        }
        kept = sorted(newer, key=lambda name: newer[name])[-PRIMARIES_MAX:]
        if not kept:
            return Facts({})
        if DELETED in newer and DELETED not in kept:
            kept.append(DELETED)
        own = {} if changed is None else {CHANGED: changed}
        return Facts(own | {name: newer[name] for name in kept})

    def fate(self, grace_seconds: float) -> Fate:
        """Return what has become of the user.

        A mark keeps a deleted user's record, unless it is older than the user's last
        change, or than the deletion by more than the grace, or its primary has gone
        since. (One that is newer than the deletion counts however much newer: who is
        listed as a login of somebody has been merged.)
        """
        changed = self.marks.get(CHANGED)
        newer = {
            name: version
            for name, version in self.marks.items()
            if name != CHANGED and (changed is None or version > changed)
        }
        ends = [v for n, v in newer.items() if n == DELETED or n.startswith(ABANDONED)]
        if not ends:
            return "there"
        earliest = _seconds(max(ends)) - grace_seconds
        for name, version in newer.items():
            if not name.startswith(MERGED):
                continue
            left = newer.get(ABANDONED + name.removeprefix(MERGED))
            if (left is None or left < version) and _seconds(version) >= earliest:
                return "merged"
        return "deleted"


def _seconds(version: Version) -> float:
    return datetime.fromisoformat(version.time[:26] + "+00:00").timestamp()

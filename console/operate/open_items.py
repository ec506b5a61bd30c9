"""The open items of a destination: one for each user who waits for a person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

from console.operate.entries import Parked, parked
from console.operate.reader import Reader
from console.operate.target import Target
from events.exits import BadConfiguration


class OpenItem(NamedTuple):
    """One user's: the event that the decision is about, and all that waits with it."""

    event: Parked
    lane: tuple[Parked, ...]

    @property
    def reason(self) -> str:
        """Why it waits for a person."""
        return self.event.reason or ""

    def told(self) -> dict[str, Any]:
        """Return what a script is told."""
        return {
            "user": self.event.user,
            "partition": self.event.partition,
            "offset": self.event.offset,
            "reason": self.reason,
            "since": self.event.first_failed_at,
            "event_type": self.event.event_type,
            "waiting": len(self.lane),
        }


def open_items(
    reader: Reader, target: Target, partitions: Iterable[int]
) -> list[OpenItem]:
    """Return the open items of *partitions*, those that wait for longest first.

    Raises:
        BadConfiguration: A record is no entry; the message says where it is.
    """
    lanes: dict[str, list[Parked]] = defaultdict(list)
    for event in parked(reader, target, partitions):
        lanes[event.user].append(event)
    items = [
        OpenItem(event, tuple(lane))
        for lane in lanes.values()
        for event in [one for one in lane if one.state == "review"][:1]
    ]
    return sorted(items, key=lambda item: item.event.first_failed_at or "")


def item_of(reader: Reader, target: Target, user_id: str) -> OpenItem:
    """Return the user's open item.

    Raises:
        BadConfiguration: There is none; the message never names the user.
    """
    for item in open_items(reader, target, [target.partition_of(user_id)]):
        if item.event.user == user_id:
            return item
    raise BadConfiguration(
        f"nothing of this user waits for a person at {target.name}: say the user_id as "
        f"`keepstep review list {target.name}` does"
    )

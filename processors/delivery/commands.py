"""What operators ask for, by way of the commands topic."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import Literal

from processors.delivery.durable import Durable
from processors.delivery.lane import Lane, Waiting
from processors.delivery.lanes import Lanes
from processors.delivery.link import Link
from processors.delivery.operations import Changes, Operation
from processors.delivery.records import Meta, PutLink, PutMeta, Record
from processors.delivery.verdict import ReviewReason

CommandName = Literal[
    "release",
    "skip",
    "retry",
    "pause",
    "resume",
    "confirm",
    "discard",
    "create",
    "link",
    "unlink",
    "resync",
]
BRAKED: Literal["mass_deactivation"] = (
    "mass_deactivation"  # the reason of what waits to be confirmed or discarded
)
# The reasons for which a record may be made after all: nobody was found, or not one.
CREATED: tuple[ReviewReason, ...] = ("unmatched", "gone", "ambiguous", "unverified")
OF_USERS = ("link", "unlink", "resync")
LINKS_MAX = 200  # in one operation, which is one transaction
RETRIED = ("waiting", "review", "grace", "budget")


@dataclass(frozen=True, slots=True)
class Command:
    """One order; `event` is the one that it means, by topic and offset.

    The orders `OF_USERS` mean the user's link instead: its record, or what is known of
    a field (of all, without one).
    """

    offset: int
    name: CommandName | Literal["unknown"]
    user: bytes = b""
    topic_ref: str = ""
    event: int = -1
    reason: str = ""
    at: str = ""
    record_id: str = ""
    field: str = ""

    def meant(self, lane: Lane | None) -> Waiting | None:
        """Return the parked event that the command names, and never another.

        The lane's head may have changed since the operator looked.
        """
        for event in lane.events if lane else ():
            if event.entry is not None and self._names(event):
                return event
        return None

    def _names(self, event: Waiting) -> bool:
        return (event.topic_ref, event.offset) == (self.topic_ref, self.event)


def standing(command: Command, meta: Meta) -> Meta:
    """Return the partition's record once *command* was carried out."""
    meta = replace(meta, commands=command.offset)
    match command.name:
        case "pause":
            return replace(meta, paused=True, reason=command.reason, since=command.at)
        case "resume":
            return replace(meta, paused=False, reason="", since="")
        case _:
            return meta


class Commands:
    """The commands of one partition, carried out one by one in their order."""

    def __init__(self) -> None:
        self._waiting: deque[Command] = deque()
        self._writing: Operation | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, command: Command) -> None:
        """Take a command; one that was carried out before is dropped in its turn."""
        self._waiting.append(command)

    def missing(self, lanes: Lanes) -> Waiting | None:
        """Return the event whose body the next command needs to have fetched."""
        if not self._waiting or self._writing is not None:
            return None
        event = self._waiting[0].meant(lanes.get(self._waiting[0].user))
        return event if event is not None and event.body is None else None

    def next(
        self, lanes: Lanes, durable: Durable, now: float, present: Meta | None = None
    ) -> Operation | None:
        """Return what the next command changes, or None while it has to wait.

        *present* is the partition's record once all that is on its way is durable,
        where that is not yet so.
        """
        while self._waiting and self._waiting[0].offset <= durable.meta.commands:
            self._waiting.popleft()
        if not self._waiting or self._writing is not None:
            return None
        command = self._waiting[0]
        lane = lanes.get(command.user)
        event = command.meant(lane)
        meta = standing(command, present or durable.meta)
        if command.name in OF_USERS:
            self._writing = self._linked(lanes, durable, present or durable.meta)
            return self._writing
        if lane is None or event is None:
            self._writing = Operation((PutMeta(meta),))
        elif lane.busy != "no" or event.body is None:
            return None
        else:
            link = durable.link(lane.user)
            self._writing = carried_out(command, lane, event, link, meta, now)
            lane.busy = "settling"
        self._waiting.popleft()
        return self._writing

    def _linked(self, lanes: Lanes, durable: Durable, meta: Meta) -> Operation | None:
        """Return what the next orders about links change, of many users at once.

        An import may have a million of them. Each one's lane is held until all is
        durable; the first that is at work ends the operation.
        """
        links: list[Record] = []
        held: list[Lane] = []
        while self._waiting and len(links) < LINKS_MAX:
            command = self._waiting[0]
            if command.name not in OF_USERS:
                break
            lane = lanes.hold(command.user)
            if lane is None:
                break
            held.append(lane)
            link = linked(command, durable.link(command.user))
            links.append(PutLink(command.user, link))
            meta = standing(command, meta)
            self._waiting.popleft()
        if not links:
            return None
        return Operation((*links, PutMeta(meta)), tuple(held))

    def durable(self, operation: Operation) -> None:
        """Let the next command have its turn, if *operation* was of a command."""
        if operation is self._writing:
            self._writing = None


def linked(command: Command, link: Link) -> Link:
    """Return *link* as *command* wants it; what was sent to another record is unknown.

    Versions stay: no older event may set a field afterwards.
    """
    if command.name == "resync":
        kept = {n: f for n, f in link.fingerprints.items() if n != command.field}
        return link.but(fingerprints=kept if command.field else {})
    if command.name == "link":
        return link.chosen(command.record_id)
    return link.but(record_id=None, fingerprints={}, open=None)


def carried_out(
    command: Command, lane: Lane, event: Waiting, link: Link, meta: Meta, now: float
) -> Operation:
    """Return what *command* changes for the event; its offset is stored with it."""
    changes = Changes(lane, link)
    entry = event.entry
    assert entry is not None  # noqa: S101 -- `meant` finds parked events only
    braked = entry.state == "review" and entry.reason == BRAKED
    match command.name:
        case "skip":
            # It may be for an event behind the head: what is before it is parked.
            changes.ignore(event, command.reason)
        case "discard" if braked:
            changes.ignore(event, command.reason)
        case "confirm" if braked:
            confirmed = max(link.confirmed, event.offset)
            changes.link = link.but(confirmed=confirmed, open=None)
            changes.park(event, entry.again(now))
        case "create" if entry.state == "review" and entry.reason in CREATED:
            changes.link = link.but(create=event.place, open=None)
            changes.park(event, entry.again(now))
        case "release" if entry.state == "held":
            changes.park(event, entry.again(now))
        case "retry" if entry.state in RETRIED:
            changes.link = link.but(open=None)  # look for the record anew
            changes.park(event, entry.again(now))
        case _:
            return Operation((PutMeta(meta),), (lane,))
    return changes.operation(meta)

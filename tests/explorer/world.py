"""The world around the core: the log, the durable ledger, and one destination.

It keeps the history, too, and checks the promises S1 to S5 whenever it changes.
Sets of offsets are bit masks: they are compared, copied and hashed at every step.
"""

from __future__ import annotations

from math import inf

from processors.delivery import guard
from processors.delivery import link as links
from processors.delivery.commands import Command, CommandName
from processors.delivery.lane import Entry, Waiting
from processors.delivery.link import Link
from processors.delivery.loading import Loaded
from processors.delivery.records import (
    Letter,
    Meta,
    Outcome,
    Park,
    PutLink,
    PutMeta,
    Record,
    Unpark,
)
from tests.explorer.promises import below, promise
from tests.explorer.scenario import TOPIC, Scenario

REF = TOPIC[:8]


class World:
    """Everything outside the core's process, and what has happened so far."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.clock = 0.0
        # The group and the ledger.
        self.committed: int | None = None
        self.marked = False
        self.links: dict[bytes, bytes] = {}
        self.meta: Meta | None = None
        self.retry: dict[int, Entry] = {}
        self.producer = 0  # who opened the ledger last
        self.commands: list[Command] = []
        self.asked = False  # an operator has reset the offset
        # The destination.
        self.values: dict[tuple[bytes, str], str] = {}
        # History: sets of offsets.
        self.settled = self.live = self.letters = 0
        self.outcomes = self.replayed = 0
        self.attempted = self.effects = 0
        self.held = 0  # a letter told of them, and nobody has released them
        self.again = 0  # an operator wants them to be run again
        self.rewinds = 0
        self.restored_from = -1

    @property
    def end(self) -> int:
        """The log's end; a dead letter is put back once it is there."""
        events = self.scenario.events
        last = events[-1]
        there = last.copy_of is None or self.letters >> last.copy_of & 1
        return len(events) if there else len(events) - 1

    @property
    def parked(self) -> int:
        """The offsets that wait in the retry topic."""
        return sum(1 << offset for offset in self.retry)

    def of(self, user: bytes) -> int:
        """Return the offsets of *user*."""
        events = enumerate(self.scenario.events)
        return sum(1 << offset for offset, spec in events if spec.user == user)

    def link(self, user: bytes) -> Link:
        """Return the user's link as it is durably."""
        raw = self.links.get(user)
        return Link(REF) if raw is None else links.decode(raw)

    # ---- what is read

    def message(self, offset: int) -> Waiting:
        """Return the message at *offset* as it arrives."""
        spec = self.scenario.events[offset]
        return Waiting(
            spec.user,
            REF,
            offset,
            100,
            spec.event_type,
            spec.change(offset),
            b"body",
            happened_at=-inf,  # all are backlog, whenever they come
        )

    def fetch(self, event: Waiting) -> None:
        """Give a parked event back what was not kept in memory."""
        if event.body is None:
            promise(event.offset in self.retry, "a parked event is in the retry topic")
            spec = self.scenario.events[event.offset]
            event.body, event.change = b"body", spec.change(event.offset)

    def loaded(self) -> Loaded:
        """Return what an owner reads of the ledger."""
        parked = []
        for offset, entry in self.retry.items():
            spec = self.scenario.events[offset]
            event = Waiting(spec.user, REF, offset, 100, spec.event_type, entry=entry)
            parked.append(event)
        return Loaded(
            dict(self.links), parked, self.meta, self.committed, self.marked, 0
        )

    # ---- what an operator does

    def rewind(self, offset: int, *, restore: bool) -> None:
        """Set the group back to *offset*, and perhaps the destination, too.

        Restored, it knows nothing of the users who are run again; what it was told of
        others is older than *offset*.
        """
        self.committed, self.marked, self.asked = offset, False, True
        self.rewinds += 1
        self.again |= (self.settled | self.parked) & ~below(offset)
        if restore:
            self.restored_from = offset
            self.values = {
                (user, name): value
                for (user, name), value in self.values.items()
                if self.link(user).taken < offset
            }

    def order(self, name: CommandName, offset: int) -> None:
        """Give a command that names the event at *offset*."""
        user = self.scenario.events[offset].user
        command = Command(len(self.commands), name, user, REF, offset)
        self.commands.append(command)

    @property
    def pauses(self) -> bool:
        """Whether the last order to pause has not been followed by one to resume."""
        orders = [c.name for c in self.commands if c.name in ("pause", "resume")]
        return orders[-1:] == ["pause"]

    def _ordered(self, name: str, offset: int) -> bool:
        return any((c.name, c.event) == (name, offset) for c in self.commands)

    # ---- what is written

    def commit(self, offset: int) -> None:
        """Let the group remember *offset*, with our mark."""
        self.committed, self.marked = offset, True
        self.check_loss(offset)

    def write(self, records: list[Record]) -> None:
        """Let one transaction become durable, and check the ledger."""
        for record in records:
            match record:
                case PutLink(user=user, link=link):
                    self._link(user, link)
                case PutMeta(meta=meta):
                    self.meta = meta
                case Park(event=event, entry=entry):
                    promise(event.body is not None, "what is parked has its bytes")
                    self.retry[event.offset] = entry
                    if entry.state != "held":
                        self._let_go(event.offset)
                case Unpark(event=event):
                    promise(event.offset in self.retry, "what is unparked was parked")
                    del self.retry[event.offset]
                case Letter(event=event):
                    promise(event.body is not None, "a letter has its bytes")
                    self.letters |= 1 << event.offset
                    self.held |= 1 << event.offset
                case Outcome():
                    self._outcome(record)
        self._check_ledger()

    def _link(self, user: bytes, link: Link) -> None:
        before = self.link(user)
        self.links[user] = links.encode(link)
        if link.taken < before.taken:
            promise(self.asked, "`taken` falls only when an operator asked")
            kept = ~(self.of(user) & ~below(link.taken + 1))
            self.settled &= kept
            self.live &= kept
            self.held &= kept

    def _let_go(self, offset: int) -> None:
        if self.held >> offset & 1:
            ordered = self._ordered("release", offset)
            promise(ordered, "a held event is released by the command that names it")
            self.held &= ~(1 << offset)

    def _outcome(self, record: Outcome) -> None:
        bit = 1 << record.event.offset
        self.held &= ~bit
        self.again &= ~bit
        promise(not self.settled & bit, "S5: an event ends once")
        self.settled |= bit
        if record.replay:
            self.replayed |= bit
        else:
            promise(not self.outcomes & bit, "S5: an outcome is written once")
            self.outcomes |= bit
        match record.end.outcome:
            case "ignored":
                ordered = self._ordered("skip", record.event.offset)
                promise(ordered, "a command is carried out on the event that it names")
            case "superseded" | "dead":
                pass
            case _:
                self.live |= bit

    def check_attempt(self, events: tuple[Waiting, ...]) -> None:
        """Nothing that is held is tried, and nothing of a user that waits behind it."""
        held = any(self.held >> event.offset & 1 for event in events)
        promise(not held, "a held event waits for a person")

    def call(self, events: tuple[Waiting, ...], sends: dict[str, str]) -> None:
        """Let a call have its effect."""
        mask = sum(1 << event.offset for event in events)
        for event in events:
            earlier = below(event.offset) & self.of(event.user)
            first = not self.effects >> event.offset & 1
            done = (self.effects | self.settled | mask) & earlier == earlier
            promise(not first or done, "S2: first effects come in order")
        self.attempted |= mask
        self.effects |= mask
        for name, value in sends.items():
            self.values[events[0].user, name] = value

    # ---- what must hold

    def check_loss(self, offset: int) -> None:
        """S1: what is below a committed offset is settled or parked."""
        known = self.settled | self.parked
        promise(known & below(offset) == below(offset), "S1: nothing is lost")

    def _check_ledger(self) -> None:
        parked = self.parked
        promise(not self.settled & parked, "an event is settled or parked, not both")
        for user in self.links:
            mine, link = self.of(user), self.link(user)
            taken = below(link.taken + 1) & mine
            promise(
                (self.settled | parked) & taken == taken,
                "S1: what is taken is settled or parked",
            )
            promise(parked & mine & ~taken == 0, "what is parked is taken")
            rewinding = self.asked and link.taken >= (self.committed or 0)
            if not rewinding and not self.attempted & mine & ~self.settled:
                self._check_fingerprints(user, link)

    def _check_fingerprints(self, user: bytes, link: Link) -> None:
        for name, fingerprint in link.fingerprints.items():
            promise(
                self.values.get((user, name)) == fingerprint,
                f"the fingerprint of {name} is what the destination has, or absent",
            )


def plan(link: Link, events: tuple[Waiting, ...]) -> guard.Plan:
    """Return what an attempt for *events* must send."""
    changes = [event.change for event in events]
    return guard.plan(link, [change for change in changes if change is not None])

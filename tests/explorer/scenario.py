"""What a walk is bound by: the events, and how often each kind of trouble may come."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from processors.delivery.bounds import Bounds
from processors.delivery.guard import Change
from processors.delivery.lanes import Rules
from processors.delivery.retry import RetryPolicy
from processors.delivery.version import Version

TOPIC = "topic-id-of-the-log"
LONG_SECONDS = 10.0
HELD = "held"


@dataclass(frozen=True)
class Spec:
    """One event of the log: its place in time and the values that it carries.

    A value of None is covered by a deletion. `copy_of` is an earlier event whose dead
    letter an operator has put back into the topic.
    """

    rank: int
    fields: tuple[tuple[str, str | None], ...]
    user: bytes = b"ann"
    event_type: str = ""
    copy_of: int | None = None

    def change(self, offset: int) -> Change:
        """Return what the event at *offset* carries, as the guard sees it."""
        source = offset if self.copy_of is None else self.copy_of
        version = Version(f"{self.rank:02}", "", f"e{source}")
        return Change(offset, version, dict(self.fields))


class Trouble(NamedTuple):
    """How often each may happen in one walk."""

    crashes: int = 0
    freezes: int = 0
    fences: int = 0  # a living owner is fenced: its transaction took too long
    lost: int = 0  # answers, with or without an effect
    away: int = 0  # the destination as a whole, with or without an effect
    refusals: int = 0
    reviews: int = 0
    unknown: int = 0  # commits, durable or not
    aborts: int = 0
    drains: int = 0
    rewinds: int = 0
    commands: int = 0
    rooms: int = 0  # the memory is full of what waits for its turn


@dataclass(frozen=True)
class Scenario:
    """One walk: events, trouble, and the rules of the destination."""

    name: str
    events: tuple[Spec, ...]
    trouble: Trouble
    bounds: Bounds = field(default_factory=Bounds)
    waits_seconds: tuple[float, ...] = (1.0, 1.0, 1.0, 1.0)
    waits: tuple[float, ...] = (0.0, LONG_SECONDS)  # what a lost answer asks for
    held: bool = False
    orders: tuple[str, ...] = ()  # commands that the operator may give
    restores: bool = False  # with a rewind, the destination may be set back, too
    culprit: bool = False  # a refused fold names its last event

    @property
    def rules(self) -> Rules:
        """The rules that the core works by."""
        held = frozenset({HELD}) if self.held else frozenset[str]()
        return Rules(self.bounds, RetryPolicy(self.waits_seconds), held)

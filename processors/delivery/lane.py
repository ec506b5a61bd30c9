"""A lane: one user's events that wait, in order, for one destination."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

from processors.delivery.guard import Change

EntryState = Literal["waiting", "held", "review", "grace", "budget"]
Busy = Literal["no", "calling", "settling"]


@dataclass(frozen=True, slots=True)
class Entry:
    """An event's entry in the retry topic, as it is durably.

    Without `due_at` (epoch seconds) the event waits for the ones before it or, in
    state `held` or `review`, for a person. `record_offset` is where it was written.
    """

    state: EntryState = "waiting"
    attempts: int = 0
    due_at: float | None = None
    first_failed_at: float | None = None
    reason: str = ""
    record_offset: int = -1

    def again(self, due_at: float) -> Entry:
        """Return the entry as it is when it shall be tried at *due_at*."""
        return replace(self, state="waiting", due_at=due_at)


@dataclass(slots=True, eq=False)
class Waiting:
    """One event from its arrival to its end.

    `unattempted` says why no attempt is made: the bytes are no event, or came under
    another user's key. `body` is whatever the driver needs to make an attempt and to
    write the event down. A parked event has neither body nor change until the driver
    has fetched them, and again when the lane has gone on.
    """

    user: bytes
    topic_ref: str
    offset: int
    size_bytes: int
    event_type: str = ""
    change: Change | None = None
    body: Any = field(default=None, repr=False)
    unattempted: Literal["", "unreadable", "rerouted"] = ""
    reason: str = ""  # why it is unattempted
    received_at: float = 0.0  # the message's timestamp
    happened_at: float = 0.0  # the event's own time; 0 where it is not known
    live_until: float = 0.0  # until then its lane goes before the backlog
    entry: Entry | None = None

    @property
    def place(self) -> str:
        """Where it stands: `<topic id, 8 characters>@offset`."""
        return f"{self.topic_ref}@{self.offset}"

    @property
    def retry_key(self) -> bytes:
        """Key in the retry topic: `user_id@<place>`."""
        return self.user + f"@{self.place}".encode()

    def drop_body(self) -> None:
        """Let go of what can be fetched again from the retry topic."""
        if self.entry is not None:
            self.body = self.change = None


@dataclass(slots=True, eq=False)
class Lane:
    """The events of one user, oldest first; the parked ones are always the first.

    One call at a time, and the next only when the former's transaction is durable:
    until then the lane is busy.
    """

    user: bytes
    events: list[Waiting] = field(default_factory=list)
    busy: Busy = "no"
    attempts: int = 0  # of the head, where it waits in memory
    due_at: float = 0.0  # of the head, where it waits in memory
    early_at: float | None = None  # when a try before its time last ended
    early: bool = False  # the next attempt is before its time
    tried: Waiting | None = None  # the newest event at the last attempt
    single: Waiting | None = None  # a fold up to here was refused: one by one
    ready: bool = False
    live_until: float = 0.0  # until then it goes before the backlog
    wake_at: float | None = None  # when it is looked at again; kept by `Timers`

    def add(self, event: Waiting) -> None:
        """Put *event* at the end.

        Where it is live the lane is, for what waits before it has to be done first,
        and mostly is one call with it.
        """
        event.user = self.user  # the same bytes once, of as many events as may wait
        self.events.append(event)
        self.live_until = max(self.live_until, event.live_until)

    @property
    def in_memory(self) -> list[Waiting]:
        """The events that are not parked."""
        return [event for event in self.events if event.entry is None]

    @property
    def has_news(self) -> bool:
        """Whether an event came since the last attempt."""
        return self.events[-1] is not self.tried

    def begin_anew(self) -> None:
        """Let the next head begin at attempt 1, at once."""
        self.attempts, self.due_at = 0, 0.0

    def fold(
        self, events_max: int, bytes_max: int, last: frozenset[str] = frozenset()
    ) -> tuple[Waiting, ...]:
        """Return the events that one attempt stands for, from the head on.

        Nothing is folded that comes after an event of a type in *last*.
        """
        found = self.events[:1]
        if self.single is not None:
            return tuple(found)
        size_bytes = found[0].size_bytes
        for event in self.events[1:events_max]:
            size_bytes += event.size_bytes
            held = event.entry is not None and event.entry.state == "held"
            # Offsets of two incarnations of the topic cannot be told apart.
            other = event.topic_ref != found[0].topic_ref
            ends = found[-1].event_type in last
            if event.unattempted or held or other or ends or size_bytes > bytes_max:
                break
            found.append(event)
        return tuple(found)

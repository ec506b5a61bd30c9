"""The table of the story: event, and what became of it at each destination."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus

from rich.table import Table

from sandbox.story.watch import Seen

ROWS_MAX = 30
ACCEPTED = HTTPStatus.ACCEPTED
MARKS = "keepstep."  # how the types of events begin that ingest adds to another


@dataclass
class Row:
    """One event of the table; `seen` is the latest from each destination.

    `crm_calls` is how many calls the CRM got for it, where somebody counted.
    """

    title: str
    event_id: str | None
    status: int
    destinations: Sequence[str]
    seen: dict[str, Seen] = field(default_factory=dict)
    crm_calls: int | None = None

    @property
    def read(self) -> bool:
        """Whether each destination has read the event, or none ever will."""
        return self.refused or all(name in self.seen for name in self.destinations)

    @property
    def ended(self) -> bool:
        """Whether the event has ended, or waits for a person, at all destinations."""
        return self.refused or (
            self.read and all(seen.ended for seen in self.seen.values())
        )

    @property
    def refused(self) -> bool:
        """Whether the webhook did not take the event."""
        return self.status != ACCEPTED

    def settled_at(self, destination: str) -> bool:
        """Whether it has its outcome at *destination*."""
        return destination in self.seen and self.seen[destination].settled

    def record_id(self, destination: str) -> str | None:
        """Return the record that it ended at, where it ended at one."""
        return self.seen[destination].record_id if destination in self.seen else None

    def state(self, destination: str) -> str:
        """Return what became of it at *destination*."""
        if destination in self.seen:
            return self.seen[destination].state
        return f"refused: HTTP {self.status}" if self.refused else "sent"

    def shown(self, destination: str) -> str:
        """Return the state, with its record, or the seconds left where it waits."""
        state, seen = self.state(destination), self.seen.get(destination)
        if seen is None or (seen.record_id is None and seen.waits_until is None):
            return state
        if seen.waits_until is None:
            return f"{state} -> {seen.record_id}"
        left = (seen.waits_until - datetime.now(UTC)).total_seconds()
        return f"{state}, {max(left, 0):.0f} s left"

    def line(self) -> str:
        """Return the row as a line of text."""
        first, *others = map(self.shown, self.destinations)
        told = [f"{self.title}: {first}"]
        for name, other in zip(self.destinations[1:], others, strict=True):
            if other != first:
                told.append(f"{name} {other}")
        return "; ".join(told)


@dataclass
class Rows:
    """All rows; what happens is told to the oldest row of its event not yet settled.

    What ingest marks beside an event was posted by nobody, and has no row.
    """

    destinations: Sequence[str]
    rows: list[Row] = field(default_factory=list)

    def add(self, title: str, event_id: str | None, status: int) -> Row:
        """Append a row."""
        row = Row(title, event_id, status, self.destinations)
        self.rows.append(row)
        return row

    def tell(self, seen: Seen) -> None:
        """Show what happened in its row; an event sent by somebody else gets a row."""
        if seen.event_type.startswith(MARKS):
            return
        names = self.destinations if seen.destination is None else [seen.destination]
        found = [
            row
            for row in self.rows
            if row.event_id == seen.event_id and not row.settled_at(names[0])
        ]
        row = found[0] if found else self.add("sent by you", seen.event_id, ACCEPTED)
        if seen.event_type and row.title == "sent by you":
            row.title = f"{seen.event_type}, sent by you"
        row.seen.update(dict.fromkeys(names, seen))

    def drawn(self, count: int = ROWS_MAX) -> Table:
        """Return the table as it stands now, with its last *count* rows, at least 1."""
        shown = self.rows[-max(1, min(count, ROWS_MAX)) :]
        title = "From the webhook into the records"
        if len(shown) < len(self.rows):
            title += f": the last {len(shown)} of {len(self.rows)}"
        table = Table(title=title, title_justify="left")
        for name in ("event", "webhook", *self.destinations):
            table.add_column(name, overflow="fold")
        for row in shown:
            states = map(row.shown, self.destinations)
            table.add_row(row.title, str(row.status), *states)
        return table

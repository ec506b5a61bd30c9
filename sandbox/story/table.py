"""The table of the story: event, and what became of it at each destination."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from rich.table import Table

from sandbox.story.watch import Seen

ROWS_MAX = 30


@dataclass
class Row:
    """One event of the table; `seen` is the latest from each destination."""

    title: str
    event_id: str | None
    status: int
    destinations: Sequence[str]
    seen: dict[str, Seen] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        """Whether the event has ended, or waits for a person, at all destinations."""
        return all(self.ended_at(name) for name in self.destinations)

    def ended_at(self, destination: str) -> bool:
        """Whether it has ended at *destination*, or waits for a person there."""
        return destination in self.seen and self.seen[destination].ended

    def state(self, destination: str) -> str:
        """Return what became of it at *destination*."""
        return self.seen[destination].state if destination in self.seen else "sent"

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
    """All rows; what happens is told to the oldest row of its event still open."""

    destinations: Sequence[str]
    rows: list[Row] = field(default_factory=list)

    def add(self, title: str, event_id: str | None, status: int) -> Row:
        """Append a row."""
        row = Row(title, event_id, status, self.destinations)
        self.rows.append(row)
        return row

    def tell(self, seen: Seen) -> None:
        """Show what happened in its row; an event sent by somebody else gets a row."""
        names = self.destinations if seen.destination is None else [seen.destination]
        found = [
            row
            for row in self.rows
            if row.event_id == seen.event_id and not row.ended_at(names[0])
        ]
        row = found[0] if found else self.add("sent by you", seen.event_id, 202)
        if seen.event_type and row.title == "sent by you":
            row.title = f"{seen.event_type}, sent by you"
        row.seen.update(dict.fromkeys(names, seen))

    def drawn(self) -> Table:
        """Return the table as it stands now."""
        table = Table(title="From the webhook into the records", title_justify="left")
        for name in ("event", "webhook", *self.destinations):
            table.add_column(name, overflow="fold")
        for row in self.rows[-ROWS_MAX:]:
            shown = map(row.shown, self.destinations)
            table.add_row(row.title, str(row.status), *shown)
        return table

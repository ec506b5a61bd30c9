"""The table of the story: event, what became of it, CRM record."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from rich.table import Table

from sandbox.story.watch import Seen

ROWS_MAX = 30


@dataclass
class Row:
    """One event of the table."""

    title: str
    event_id: str | None
    status: int
    state: str = "sent"
    record_id: str | None = None
    waits_until: datetime | None = None
    ended: bool = False

    def shown(self) -> str:
        """Return the state, with the seconds that are left where it waits."""
        if self.waits_until is None:
            return self.state
        left = (self.waits_until - datetime.now(UTC)).total_seconds()
        return f"{self.state}, {max(left, 0):.0f} s left"


@dataclass
class Rows:
    """All rows; what happens is told to the oldest row of its event still open."""

    rows: list[Row] = field(default_factory=list)

    def add(self, row: Row) -> Row:
        """Append a row."""
        self.rows.append(row)
        return row

    def tell(self, seen: Seen) -> None:
        """Show what happened in its row; an event sent by somebody else gets a row."""
        found = [
            row for row in self.rows if row.event_id == seen.event_id and not row.ended
        ]
        row = found[0] if found else self.add(Row("sent by you", seen.event_id, 202))
        if seen.event_type and row.title == "sent by you":
            row.title = f"{seen.event_type}, sent by you"
        row.state, row.ended = seen.state, seen.ended
        row.record_id, row.waits_until = seen.record_id, seen.waits_until

    def drawn(self) -> Table:
        """Return the table as it stands now."""
        table = Table(title="From the webhook into the CRM", title_justify="left")
        for name in ("event", "webhook", "outcome", "CRM record"):
            table.add_column(name, overflow="fold")
        for row in self.rows[-ROWS_MAX:]:
            table.add_row(row.title, str(row.status), row.shown(), row.record_id or "")
        return table

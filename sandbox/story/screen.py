"""Shows the rows: a live table on a terminal, else a line for each row that ended."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console, ConsoleDimensions
from rich.live import Live
from rich.table import Table

from sandbox.story.table import Rows

ROW_LINES_MAX = 3  # of one row at 80 columns


class Screen:
    """Where the story is told."""

    def __init__(self, console: Console, rows: Rows) -> None:
        self._console = console
        self._rows = rows
        self._live = Live(console=console, auto_refresh=False)
        self._told = 0
        self._drawn: tuple[ConsoleDimensions, list[str]] | None = None

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._console.is_terminal:
            self._live.update(self._rows.drawn())
            self._live.stop()

    def show(self) -> None:
        """Show what has changed."""
        if self._console.is_terminal:
            now = (self._console.size, [row.line() for row in self._rows.rows])
            if now != self._drawn:
                self._live.update(self._fitting(), refresh=True)
                self._drawn = now
            return
        for row in self._rows.rows[self._told :]:
            if not row.ended:
                return
            self.say(row.line())
            self._told += 1

    def say(self, text: str, style: str | None = None) -> None:
        """Print *text* as it is; the table stays below it."""
        self._console.print(
            text, style=style, markup=False, highlight=False, soft_wrap=True
        )

    def _fitting(self) -> Table:
        """Return the table with as many of the last rows as the screen has room for."""
        count = len(self._rows.rows)
        while True:
            table = self._rows.drawn(count)
            over = len(self._console.render_lines(table)) - self._console.height
            if over < 0 or count <= 1:
                return table
            count -= 1 + over // ROW_LINES_MAX

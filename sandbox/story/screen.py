"""Shows the rows: a live table on a terminal, else a line for each row that ended."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live

from sandbox.story.table import Rows


class Screen:
    """Where the story is told."""

    def __init__(self, console: Console, rows: Rows) -> None:
        self._console = console
        self._rows = rows
        self._live = Live(console=console, auto_refresh=False)
        self._told = 0

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
            self._live.stop()

    def show(self) -> None:
        """Show what has changed."""
        if self._console.is_terminal:
            self._live.update(self._rows.drawn(), refresh=True)
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

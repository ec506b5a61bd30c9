"""The story on a screen of 24 lines and 80 columns, and where there is none."""

from __future__ import annotations

import re
from io import StringIO

import pytest
from rich.console import Console

from sandbox.story.plot import steps
from sandbox.story.screen import Screen
from sandbox.story.stack import DESTINATIONS
from sandbox.story.table import Rows
from sandbox.story.watch import Seen

HEIGHT, WIDTH = 24, 80


@pytest.fixture
def rows() -> Rows:
    rows = Rows(DESTINATIONS)
    for step in steps():
        row = rows.add(step.title, step.event_id, 202)
        for name in DESTINATIONS:
            state, record_id = step.ends_at(name), f"{name}_57d3775a70"
            row.seen[name] = Seen(
                name, step.event_id, "", state, record_id, None, ended=True
            )
    return rows


def screen_over(rows: Rows, *, terminal: bool) -> tuple[Screen, StringIO]:
    written = StringIO()
    console = Console(file=written, force_terminal=terminal, width=WIDTH, height=HEIGHT)
    return Screen(console, rows), written


def plain(text: str) -> str:
    """Return *text* without what moves the cursor and colours."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


def test_a_small_screen_shows_the_last_rows_and_counts_them(rows: Rows) -> None:
    screen, written = screen_over(rows, terminal=True)

    with screen:
        screen.show()
        shown = plain(written.getvalue())

    assert len(shown.splitlines()) <= HEIGHT
    assert "the other one comes" in shown
    assert re.search(rf"the last \d+ of {len(steps())}", shown)


def test_the_whole_table_is_left_behind(rows: Rows) -> None:
    screen, written = screen_over(rows, terminal=True)

    with screen:
        screen.show()
    left = plain(written.getvalue()).rpartition("From the webhook")[2]

    assert "a user signs up" in left
    assert "the other one comes" in left
    assert "the last" not in left


def test_without_a_screen_each_row_that_ended_is_a_line(rows: Rows) -> None:
    screen, written = screen_over(rows, terminal=False)

    with screen:
        screen.show()

    assert written.getvalue().splitlines() == [row.line() for row in rows.rows]

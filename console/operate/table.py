"""Plain text for a terminal or a pipe."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

NONE = "-"
_STEPS = (("d", 86_400), ("h", 3_600), ("min", 60))


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return *rows* under *head* in columns; nothing is cut off.

    >>> print(table(["a", "b"], [["one", None], [2, "x"]]))
    a    b
    one  -
    2    x
    """
    cells = [list(head), *([_cell(value) for value in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in cells
    )


def printable(text: str, kept: str = "") -> str:
    r"""Return *text* with everything escaped that could steer a terminal.

    >>> printable("a\x1b[1mb\n")
    'a\\x1b[1mb\\n'
    """
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() or c in kept else c.encode("unicode_escape").decode()
        for c in text
    )


def age(epoch_seconds: float | None) -> str | None:
    """Return how long ago that was, in the greatest unit that fits.

    >>> age(time.time() - 7_300)
    '2 h'
    """
    if epoch_seconds is None:
        return None
    seconds = max(0.0, time.time() - epoch_seconds)
    for unit, size in _STEPS:
        if seconds >= size:
            return f"{seconds // size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _cell(value: object) -> str:
    return NONE if value is None or value == "" else printable(str(value))

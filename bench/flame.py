"""Draws a flame graph: `python -m bench.flame <stacks> <svg>`.

The stacks are those of `py-spy record --format raw`: a line each, frames from the
outermost to the innermost with semicolons between, and how often it was seen.
Width is time; what is above was called by what is below.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

WIDTH, ROW, LETTER = 1200.0, 16, 6.2
SHARE_MIN = 0.002  # of all samples; narrower frames are left out
OUTSIDE = ("(<frozen runpy>)", "(asyncio/runners.py)", "(processors/__main__.py)")
LINE = re.compile(r":\d+\)$")
COLOURS = {  # by the folder that a frame's file lies in
    "processors": "#7fb37f",
    "events": "#7fb37f",
    "aiohttp": "#e0a35c",
    "faust": "#8fa8d8",
    "mode": "#8fa8d8",
    "asyncio": "#c9c2b4",
}
OTHER = "#d8d2c4"
FONT = ' font-family="monospace" font-size="10"'


@dataclass
class Frame:
    """A function in its place, and how many samples were in it."""

    samples: int = 0
    inner: dict[str, Frame] = field(default_factory=dict)


def read(lines: Iterator[str], thread: str) -> Frame:
    """Return the stacks of the threads whose names hold *thread*, from one root on.

    Those that the profiler could not read down to the event loop are left out.
    """
    root = Frame()
    for line in lines:
        stack, _, seen = line.rpartition(" ")
        first, *names = stack.split(";")
        if thread not in first:
            continue
        frames = [LINE.sub(")", name) for name in names]
        inside = [name for name in frames if not name.endswith(OUTSIDE)]
        if len(inside) == len(frames):
            continue
        at = root
        at.samples += int(seen)
        for name in inside:
            at = at.inner.setdefault(name, Frame())
            at.samples += int(seen)
    return root


def svg(root: Frame, title: str) -> str:
    """Return the picture of *root*."""
    boxes = list(_boxes(root, root.samples * SHARE_MIN, WIDTH / root.samples))
    rows = max((row for _, _, row, _ in boxes), default=0) + 2
    height = rows * ROW + 8
    drawn = [_drawn(box, root.samples, height) for box in boxes]
    size = f'width="{WIDTH:.0f}" height="{height}"'
    opened = f'<svg xmlns="http://www.w3.org/2000/svg" {size}{FONT}>'
    heading = f'<text x="4" y="13" font-size="12">{escape(title)}</text>'
    return "\n".join([opened, heading, *drawn, "</svg>\n"])


Box = tuple[str, float, int, Frame]


def _boxes(
    frame: Frame, least: float, scale: float, left: float = 0.0, row: int = 0
) -> Iterator[Box]:
    for name, inner in sorted(frame.inner.items()):
        if inner.samples >= least:
            yield name, left * scale, row, inner
            yield from _boxes(inner, least, scale, left, row + 1)
        left += inner.samples


def _drawn(box: Box, samples: int, height: int) -> str:
    name, x, row, frame = box
    width, y = frame.samples / samples * WIDTH, height - (row + 1) * ROW
    shown = name[: int((width - 4) / LETTER)] if width > 5 * LETTER else ""
    text = f'<text x="{x + 2:.1f}" y="{y + 12}">{escape(shown)}</text>' if shown else ""
    share = f"{frame.samples / samples:.1%}"
    return (
        f"<g><title>{escape(name)} {share}</title>"
        f'<rect x="{x:.1f}" y="{y}" width="{max(width - 0.5, 0.5):.1f}" '
        f'height="{ROW - 1}" fill="{_colour(name)}"/>{text}</g>'
    )


def _colour(name: str) -> str:
    folder = name.rpartition("(")[2].partition("/")[0]
    return COLOURS.get(folder, OTHER)


def main() -> None:
    """Read the stacks of the main thread, write the picture."""
    stacks, picture = map(Path, sys.argv[1:])
    with stacks.open() as lines:
        root = read(lines, "MainThread")
    title = f"{root.samples:,} samples of a worker's main thread; width is time"
    picture.write_text(svg(root, title))


if __name__ == "__main__":
    main()

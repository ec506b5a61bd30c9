"""The flame graph that is drawn from a profiler's stacks."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from bench import flame

SVG = "{http://www.w3.org/2000/svg}"
MAIN = "thread (7): MainThread;run (asyncio/runners.py:118)"
STACKS = [
    f"{MAIN};take (processors/a.py:7) 60\n",
    f"{MAIN};take (processors/a.py:9);send <x> (aiohttp/client.py:3) 30\n",
    f"{MAIN};wait (faust/b.py:1) 10\n",
    "thread (7): MainThread;take (processors/a.py:7) 1000\n",  # cut short
    "thread (8): ledger_1;write (processors/c.py:1) 500\n",
]


def test_a_function_is_as_wide_as_its_part_of_the_main_threads_samples() -> None:
    root = flame.read(iter(STACKS), "MainThread")

    take = root.inner["take (processors/a.py)"]

    assert root.samples == 100
    assert (take.samples, list(take.inner)) == (90, ["send <x> (aiohttp/client.py)"])


def test_the_picture_names_each_function_and_its_part() -> None:
    picture = flame.svg(flame.read(iter(STACKS), "MainThread"), "title & more")

    titles = [e.text for e in ET.fromstring(picture).iter(f"{SVG}title")]  # noqa: S314 -- our own

    assert titles == [
        "take (processors/a.py) 90.0%",
        "send <x> (aiohttp/client.py) 30.0%",
        "wait (faust/b.py) 10.0%",
    ]


def test_a_frame_lies_within_the_one_that_called_it() -> None:
    picture = flame.svg(flame.read(iter(STACKS), "MainThread"), "title")

    boxes = re.findall(r'<rect x="([\d.]+)" y="(\d+)" width="([\d.]+)"', picture)
    (left, low, width), (inner_left, high, inner_width), _ = boxes

    assert float(left) <= float(inner_left)
    assert float(inner_left) + float(inner_width) <= float(left) + float(width)
    assert int(high) < int(low)


def test_what_was_hardly_seen_is_left_out() -> None:
    rare = [f"{MAIN};rare (processors/d.py:1) 1\n", *STACKS * 10]

    picture = flame.svg(flame.read(iter(rare), "MainThread"), "title")

    assert "rare" not in picture

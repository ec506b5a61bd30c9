"""Lines of the log: together where that is soon enough, at once where it matters."""

from __future__ import annotations

import asyncio
import io
import subprocess
import sys
import threading

import pytest

from events.lines import Lines

LAST_WORD = """
import asyncio, sys
from events.lines import Lines

async def main(lines):
    lines.info(b"last")
    raise SystemExit(3)

asyncio.run(main(Lines(sys.stdout.buffer)))
"""


class Output(io.RawIOBase):
    """A file that remembers each write."""

    def __init__(self) -> None:
        super().__init__()
        self.writes = list[bytes]()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        self.writes.append(bytes(data))  # type: ignore[call-overload]  # a buffer
        return len(self.writes[-1])


@pytest.fixture
def output() -> Output:
    return Output()


@pytest.fixture
def lines(output: Output) -> Lines:
    return Lines(io.BufferedWriter(output))


async def next_turn() -> None:
    came = asyncio.Event()
    asyncio.get_running_loop().call_soon(came.set)
    await came.wait()


async def test_lines_of_one_turn_are_one_write(output: Output, lines: Lines) -> None:
    lines.info(b"a")
    lines.info(b"b")
    assert output.writes == []
    await next_turn()
    lines.info(b"c")
    await next_turn()
    assert output.writes == [b"a\nb\n", b"c\n"]


async def test_a_warning_is_written_at_once_behind_what_came_before(
    output: Output, lines: Lines
) -> None:
    lines.info(b"a")
    lines.warning(b"b")
    assert output.writes == [b"a\nb\n"]
    lines.info(b"c")
    await next_turn()
    assert output.writes == [b"a\nb\n", b"c\n"]


def test_where_no_loop_runs_a_line_is_written_at_once(
    output: Output, lines: Lines
) -> None:
    lines.info(b"a")
    lines.info(b"b")
    assert output.writes == [b"a\n", b"b\n"]


async def test_a_line_of_another_thread_waits_for_no_loop(
    output: Output, lines: Lines
) -> None:
    lines.info(b"a")
    thread = threading.Thread(target=lines.info, args=(b"b",))
    thread.start()
    thread.join()
    assert output.writes == [b"a\nb\n"]


def test_the_last_line_of_a_loop_that_ends_is_written(
    output: Output, lines: Lines
) -> None:

    async def say(line: bytes) -> None:
        lines.info(line)

    asyncio.run(say(b"a"))
    asyncio.run(say(b"b"))
    assert output.writes == [b"a\n", b"b\n"]


def test_the_last_line_of_a_process_that_ends_is_written() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", LAST_WORD], capture_output=True, check=False
    )
    assert (ended.returncode, ended.stdout) == (3, b"last\n")

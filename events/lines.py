"""A log, line by line: what is said in one turn of a loop is written together."""

from __future__ import annotations

import asyncio
import atexit
from collections import deque
from typing import BinaryIO


class Lines:
    """A logger for structlog that writes whole lines, bytes, to *file*.

    On an event loop, lines up to `info` are written before the loop waits again: a
    write for each is a system call, and gives the interpreter away, a thousand times a
    second. A warning or worse is written at once, behind all that came before it. A
    process that is killed loses the lines of its last turn. For any thread.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._waiting = deque[bytes]()
        self._asked: asyncio.AbstractEventLoop | None = None
        atexit.register(self._write)

    def info(self, line: bytes) -> None:
        """Write *line* in this turn of the loop; where there is none, at once."""
        self._waiting.append(line)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._write()
            return
        if loop is not self._asked:
            self._asked = loop
            loop.call_soon(self._write)

    debug = info

    def warning(self, line: bytes) -> None:
        """Write *line* now."""
        self._waiting.append(line)
        self._write()

    error = critical = warning

    def _write(self) -> None:
        self._asked = None
        lines = []
        while self._waiting:
            try:
                lines.append(self._waiting.popleft())
            except IndexError:  # another thread was quicker
                break
        if lines:
            self._file.write(b"\n".join((*lines, b"")))
            self._file.flush()

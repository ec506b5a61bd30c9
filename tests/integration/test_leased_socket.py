"""Between the lease's answer and the kernel nobody else has the interpreter."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
import time
from typing import Self

from processors.rest.transport import LeasedSocket
from tests.support.eventually import eventually
from tests.support.loops import on_both_loops, run


class Other:
    """A thread that takes the interpreter when it is given away, and counts."""

    def __init__(self) -> None:
        self.turns, self._ended = 0, False
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._seconds = sys.getswitchinterval()
        sys.setswitchinterval(60.0)  # it does not ask for it
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended = True
        self._thread.join()
        sys.setswitchinterval(self._seconds)

    def _run(self) -> None:
        while not self._ended:
            self.turns += 1
            time.sleep(0)  # gives it away


@on_both_loops
def test_no_other_thread_comes_between_the_question_and_the_kernel(loop: str) -> None:
    asked_at = 0

    def lease() -> bool:
        nonlocal asked_at
        asked_at = other.turns
        return True

    async def body() -> None:
        ours, theirs = socket.socketpair()
        running = asyncio.get_running_loop()
        transport, _ = await running.create_connection(asyncio.Protocol, sock=ours)
        leased = LeasedSocket(transport, lease)
        with theirs:
            for _ in range(100):
                eventually(lambda: other.turns > asked_at)
                leased.write(b"x")
                assert other.turns == asked_at
                assert theirs.recv(2) == b"x"
        transport.abort()

    with Other() as other:
        run(loop, body())

"""What does not wait for its turn among all that the event loop has to do."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar

Work = Callable[[], None]
T = TypeVar("T")


class Urgent:
    """Does short work between the steps of a turn of the event loop.

    A turn of a busy worker takes tens of milliseconds, and what a thread hands to the
    loop, or a timer, is looked at once in a turn. Who does many things in one calls
    `run` between them. What the work raises is raised in a task of *spawn*.
    """

    def __init__(self, spawn: Callable[[Coroutine[Any, Any, None]], None]) -> None:
        self._spawn = spawn
        self._come = deque[Work]()
        self._due: list[tuple[float, int, Work]] = []
        self._number = itertools.count()

    def after(self, future: Future[T], work: Callable[[Future[T]], None]) -> None:
        """Do *work* with *future* once a thread has ended it."""
        loop = asyncio.get_running_loop()

        def ended(future: Future[T]) -> None:
            self._come.append(partial(work, future))
            if not loop.is_closed():
                loop.call_soon_threadsafe(self.run)

        future.add_done_callback(ended)

    def later(self, seconds: float, work: Work) -> None:
        """Do *work* in *seconds*."""
        at = time.monotonic() + seconds  # the loop's own time stands still in a turn
        heapq.heappush(self._due, (at, next(self._number), work))
        asyncio.get_running_loop().call_later(seconds, self._run, at)

    def run(self) -> None:
        """Do what has come and what is due: cheap when there is nothing."""
        if self._come or self._due:
            self._run(time.monotonic())

    def _run(self, now: float) -> None:
        while self._come:
            self._do(self._come.popleft())
        while self._due and self._due[0][0] <= now:
            self._do(heapq.heappop(self._due)[-1])

    def _do(self, work: Work) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 -- raised where it ends the worker
            self._spawn(_raise(error))


async def _raise(error: Exception) -> None:
    raise error

"""Ends the process when nothing moves though it should: its supervisor starts anew.

Consumers of Kafka are known to stop without a word. What was not acked comes again.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
import traceback
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import structlog

log = structlog.get_logger()
LOOK_SECONDS = 1.0
LOOP_BLOCKED_SECONDS_MAX = 10.0
CONNECT_SECONDS_MAX = 3.0
MEMBERSHIP = -1  # beside the partitions, whose numbers begin at 0


class Progress(NamedTuple):
    """How far something is; `at` changes whenever it moves, `behind`: it should.

    `lag`: how many messages are in the log that have not ended.
    """

    at: tuple[int, ...]
    behind: bool
    lag: int = 0


class Stall:
    """The rule: who is behind must move within *seconds_max*."""

    def __init__(self, seconds_max: float) -> None:
        self._seconds_max = seconds_max
        self._still: dict[int, tuple[tuple[int, ...], float]] = {}

    def look(
        self, seen: Mapping[int, Progress], excused: Collection[int], seconds: float
    ) -> list[int]:
        """Return who has not moved for too long; *seconds* passed since the last look.

        The *excused* wait for something: their time begins anew.
        """
        before, self._still = self._still, {}
        for name, progress in seen.items():
            if progress.behind and name not in excused:
                at, waited = before.get(name, (None, 0.0))
                waited = waited + seconds if at == progress.at else 0.0
                self._still[name] = progress.at, waited
        return [
            n for n, (_, waited) in self._still.items() if waited > self._seconds_max
        ]


@dataclass(frozen=True)
class Watched:
    """What is looked at: partitions by number, and the membership in the group.

    `excused` names partitions that wait for something: a gate, a pause, a person.
    """

    progress: Callable[[], Mapping[int, Progress]]
    is_member: Callable[[], bool]
    excused: Callable[[], Collection[int]]
    reachable: Callable[[], Awaitable[bool]]


class Watchdog:
    """Looks every second; *end* is called with a few words, and must not return."""

    def __init__(
        self,
        watched: Watched,
        stuck_seconds_max: float,
        end: Callable[[str], None] | None = None,
        *,
        loop_blocked_seconds_max: float = LOOP_BLOCKED_SECONDS_MAX,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._watched = watched
        self._stuck_seconds_max = stuck_seconds_max
        self._end = end or _exit
        self._loop_blocked_seconds_max = loop_blocked_seconds_max
        self._look_seconds = look_seconds
        self._beats = 0

    async def run(self) -> None:
        """Watch until cancelled."""
        done = threading.Event()
        main = threading.get_ident()
        thread = threading.Thread(
            target=self._watch_loop, args=(done, main), name="watchdog", daemon=True
        )
        thread.start()
        try:
            await self._watch()
        finally:
            done.set()

    async def _watch(self) -> None:
        stall = Stall(self._stuck_seconds_max)
        while True:
            self._beats += 1
            # A process that was frozen has not had the time: each look counts the same.
            await asyncio.sleep(self._look_seconds)
            stuck = stall.look(
                self._seen(), self._watched.excused(), self._look_seconds
            )
            if not stuck:
                continue
            if await self._watched.reachable():
                names = ", ".join(map(_name, stuck))
                self._end(f"no progress for {self._stuck_seconds_max:g} s: {names}")
            stall = Stall(self._stuck_seconds_max)  # without a broker nothing can move

    def _seen(self) -> dict[int, Progress]:
        outside = not self._watched.is_member()
        return {**self._watched.progress(), MEMBERSHIP: Progress((), behind=outside)}

    def _watch_loop(self, done: threading.Event, main: int) -> None:
        beats, missed = -1, 0
        while not done.wait(self._look_seconds):
            missed = missed + 1 if beats == self._beats else 0
            beats = self._beats
            if missed * self._look_seconds > self._loop_blocked_seconds_max:
                where = traceback.format_stack(sys._current_frames()[main])[-1]  # noqa: SLF001 -- its public name
                self._end(f"the event loop is blocked: {' '.join(where.split())}")
                missed = 0


def _name(number: int) -> str:
    return "membership" if number == MEMBERSHIP else f"partition {number}"


async def reachable(bootstrap_servers: str) -> bool:
    """Whether any of the brokers takes a connection."""
    for server in bootstrap_servers.split(","):
        host, _, port = server.rpartition(":")
        with contextlib.suppress(OSError):
            async with asyncio.timeout(CONNECT_SECONDS_MAX):
                _, writer = await asyncio.open_connection(host.strip("[]"), int(port))
            writer.close()
            return True
    return False


def _exit(why: str) -> None:
    log.error("worker.stuck", reason=why)
    sys.stdout.flush()
    os._exit(1)

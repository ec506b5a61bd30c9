"""Sends events as Auth0 would: python -m tests.chaos.sender <url> <token> <directory>.

At a steady rate, whatever becomes of them. A user's next event is sent only after the
202 of the one before; what got none is sent again. On SIGTERM no more are made, and
the process ends when all are acknowledged.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections import deque
from pathlib import Path

import aiohttp
import msgspec
import uvloop

from tests.chaos.notes import Notes
from tests.chaos.population import Event, Population
from tests.history.records import Acknowledged

TICK_SECONDS = 0.01
AGAIN_SECONDS = 0.1
IN_FLIGHT_MAX = 64
POST_SECONDS_MAX = 10.0


class Sender:
    """Posts the events of each user one after another, those of several at once."""

    def __init__(self, url: str, token: str, directory: Path) -> None:
        self._url = url
        self._headers = {"authorization": f"Bearer {token}"}
        self._notes = Notes(directory / "acknowledged.jsonl")
        self._waiting: dict[str, deque[Event]] = {}
        self._room = asyncio.Semaphore(IN_FLIGHT_MAX)

    async def send(
        self, population: Population, rate: float, stop: asyncio.Event
    ) -> tuple[int, float]:
        """Offer *rate* events a second until *stop*; return how many, how long."""
        started, offered = time.monotonic(), 0
        timeout = aiohttp.ClientTimeout(total=POST_SECONDS_MAX)
        connector = aiohttp.TCPConnector(limit=IN_FLIGHT_MAX)
        async with (
            aiohttp.ClientSession(timeout=timeout, connector=connector) as http,
            asyncio.TaskGroup() as group,
        ):
            while not stop.is_set():
                due = int((time.monotonic() - started) * rate)
                for _ in range(due - offered):
                    event = population.next()
                    if self._is_first(event):
                        group.create_task(self._post_all(http, event.user_id))
                offered = due
                await asyncio.sleep(TICK_SECONDS)
            seconds = time.monotonic() - started
        return offered, seconds

    def _is_first(self, event: Event) -> bool:
        """Queue *event*; return whether nobody posts this user's events yet."""
        queue = self._waiting.get(event.user_id)
        if queue is None:
            self._waiting[event.user_id] = deque([event])
            return True
        queue.append(event)
        return False

    async def _post_all(self, http: aiohttp.ClientSession, user_id: str) -> None:
        queue = self._waiting[user_id]
        while queue:
            event = queue[0]
            async with self._room:
                acknowledged = await self._post(http, event)
            if acknowledged:
                self._note(queue.popleft())
            else:
                await asyncio.sleep(AGAIN_SECONDS)
        del self._waiting[user_id]

    async def _post(self, http: aiohttp.ClientSession, event: Event) -> bool:
        try:
            async with http.post(
                self._url, data=event.body, headers=self._headers
            ) as answer:
                return answer.status == 202
        except (aiohttp.ClientError, TimeoutError):
            return False

    def _note(self, event: Event) -> None:
        self._notes.write(
            Acknowledged(
                time.time(),
                event.event_id,
                event.user_id,
                event.seq,
                event.type,
                event.time,
                event.mood,
            )
        )


async def main(arguments: list[str]) -> None:
    """Send until SIGTERM, then write what was offered into `sender.json`."""
    url, token, path, rate, seed, deletions = arguments
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    population = Population(int(seed), float(deletions))
    sender = Sender(url, token, Path(path))
    events, seconds = await sender.send(population, float(rate), stop)
    said = {"events": events, "seconds": seconds}
    (Path(path) / "sender.json").write_bytes(msgspec.json.encode(said))


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1:]))

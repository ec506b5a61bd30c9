"""Sends events to a webhook with Auth0's attempts, in order for each user."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import aiohttp

from sandbox.auth0.delivery import Attempt, Delivery, Event
from sandbox.auth0.report import Report, Tally
from sandbox.auth0.target import Target

# "Four total attempts, including the initial attempt and three retries with
# exponential backoff (1s, 2s, 4s)":
# https://auth0.com/docs/customize/events/events-best-practices
ATTEMPT_WAITS_SECONDS = (0.0, 1.0, 2.0, 4.0)
ANSWER_BYTES_READ_MAX = 65_536
HEADERS = {"Content-Type": "application/json", "User-Agent": "keepstep-sandbox-auth0"}


@dataclass(frozen=True)
class Pace:
    """How fast, how often and how patiently events are sent.

    Without `events_per_second` events go out as fast as `connections` allow. Auth0
    documents neither its connections nor its time-out; those are ours.
    """

    events_per_second: float | None = None
    connections: int = 16
    waiting_events_max: int = 10_000  # begun or in a lane; then the source waits
    attempt_waits_seconds: tuple[float, ...] = ATTEMPT_WAITS_SECONDS
    timeout_seconds: float = 10.0
    failures_in_a_row_max: int = 500  # then Auth0 disables the stream


def forget(_: Delivery) -> None:
    """Take no notice of a delivery."""


async def deliver(
    events: Iterable[Event],
    target: Target,
    pace: Pace | None = None,
    *,
    on_delivery: Callable[[Delivery], None] = forget,
    stop: asyncio.Event | None = None,
) -> Report:
    """Send *events* to *target* and return how it went once each has come to its end.

    Open loop: the n-th event is due at n / rate whatever became of the others. Events
    of one user are sent one after another, each when the one before was delivered or
    failed for good; users do not wait for each other. *on_delivery* is called as each
    event ends. When *stop* is set, attempts under way finish and no other begins.
    """
    pace = pace or Pace()
    connector = aiohttp.TCPConnector(limit=pace.connections)
    async with aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=pace.timeout_seconds),
        headers={**HEADERS, **target.headers},
    ) as session:
        stream = Stream(session, target.url, pace, on_delivery, stop or asyncio.Event())
        return await stream.run(events)


class Stream:
    """One run: its lanes, its connections and its count."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        pace: Pace,
        on_delivery: Callable[[Delivery], None],
        stop: asyncio.Event,
    ) -> None:
        self._session = session
        self._url = url
        self._pace = pace
        self._on_delivery = on_delivery
        self._stop = stop
        self._lanes: dict[str, deque[Event]] = {}
        self._connections = asyncio.Semaphore(pace.connections)
        self._room = asyncio.Semaphore(pace.waiting_events_max)
        self._tally = Tally()
        self._disabled = False

    async def run(self, events: Iterable[Event]) -> Report:
        """Send all *events*, or until the stream is disabled or stopped."""
        began = time.monotonic()
        remaining = iter(events)
        async with asyncio.TaskGroup() as lanes:
            for number, event in enumerate(remaining):
                rate = self._pace.events_per_second
                due = began + number / rate if rate else 0.0
                if await self._stopped_within(due - time.monotonic()):
                    self._tally.unsent += 1
                    break
                await self._room.acquire()
                self._enter(event, lanes)
        self._tally.unsent += sum(1 for _ in remaining)
        seconds = time.monotonic() - began
        return self._tally.report(disabled=self._disabled, seconds=seconds)

    def _enter(self, event: Event, lanes: asyncio.TaskGroup) -> None:
        lane = self._lanes.get(event.user_id)
        if lane is None:
            self._lanes[event.user_id] = deque([event])
            lanes.create_task(self._empty_lane(event.user_id))
        else:
            lane.append(event)

    async def _empty_lane(self, user_id: str) -> None:
        lane = self._lanes[user_id]
        while lane:
            await self._deliver(lane.popleft())
            self._room.release()
        del self._lanes[user_id]

    async def _deliver(self, event: Event) -> None:
        attempts: list[Attempt] = []
        for wait_seconds in self._pace.attempt_waits_seconds:
            if await self._stopped_within(wait_seconds):
                break
            # A lane that waits for its next attempt holds no connection meanwhile.
            async with self._connections:
                if self._stop.is_set():
                    break
                attempts.append(await self._attempt(event))
            if attempts[-1].final:
                break
        if attempts:
            self._settle(Delivery(event, tuple(attempts)))
        else:
            self._tally.unsent += 1

    async def _attempt(self, event: Event) -> Attempt:
        at, began = datetime.now(UTC), time.perf_counter()
        status = error = None
        try:
            # "Anything else is retried" holds for a redirect too: none is followed.
            async with self._session.post(
                self._url, data=event.body, allow_redirects=False
            ) as answer:
                await answer.content.read(ANSWER_BYTES_READ_MAX)
                status = answer.status
        except TimeoutError:
            error = "timeout"
        except (aiohttp.ClientError, OSError) as failure:
            error = type(failure).__name__
        return Attempt(at, status, time.perf_counter() - began, error)

    def _settle(self, delivery: Delivery) -> None:
        self._tally.count(delivery)
        self._on_delivery(delivery)
        if self._tally.failures_in_a_row >= self._pace.failures_in_a_row_max:
            self._disabled = True
            self._stop.set()

    async def _stopped_within(self, seconds: float) -> bool:
        """Wait so long, less when the run is stopped; tell whether it is."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return self._stop.is_set()
        try:
            async with asyncio.timeout(seconds):
                return await self._stop.wait()
        except TimeoutError:
            return False

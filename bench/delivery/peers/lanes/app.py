"""Lanes written by hand: how fast Python gets with order per user, and nothing else.

A queue for each user, each emptied one call after another, and as many calls at a time
as all others are allowed. It never commits, so a restart begins with the first event;
memory has no bound; a call that fails ends the process.
"""

from __future__ import annotations

import asyncio
import signal
from collections import deque

import aiohttp
import uvloop
from aiokafka import AIOKafkaConsumer

from bench.delivery.peers import given

READ_SECONDS_MAX = 0.1


async def _read(consumer: AIOKafkaConsumer, session: aiohttp.ClientSession) -> None:
    lanes = dict[bytes, deque[bytes]]()
    room = asyncio.Semaphore(given.CALLS_IN_FLIGHT_MAX)

    async def empty(user: bytes, lane: deque[bytes]) -> None:
        while lane:
            path, fields = given.patch_of(lane.popleft())
            async with room, session.patch(path, json=fields) as response:
                response.raise_for_status()
                await response.read()
        del lanes[user]

    async with asyncio.TaskGroup() as group:
        while True:
            read = await consumer.getmany(timeout_ms=round(READ_SECONDS_MAX * 1000))
            for messages in read.values():
                for message in messages:
                    waiting = lanes.get(message.key)
                    if waiting is not None:
                        waiting.append(message.value)
                        continue
                    lane = lanes[message.key] = deque([message.value])
                    group.create_task(empty(message.key, lane))


async def main() -> None:
    """Consume until SIGTERM."""
    consumer = AIOKafkaConsumer(
        given.TOPIC,
        bootstrap_servers=given.KAFKA,
        group_id=given.GROUP,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        session_timeout_ms=given.SESSION_SECONDS * 1000,
    )
    async with aiohttp.ClientSession(
        given.CRM_URL,
        connector=aiohttp.TCPConnector(limit=given.CALLS_IN_FLIGHT_MAX),
        timeout=aiohttp.ClientTimeout(total=given.CALL_SECONDS_MAX),
        headers=given.CRM_HEADERS,
    ) as session:
        await consumer.start()
        try:
            reading = asyncio.create_task(_read(consumer, session))
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGTERM, reading.cancel)
            await reading
        except asyncio.CancelledError:
            pass
        finally:
            await consumer.stop()


if __name__ == "__main__":
    uvloop.run(main())

"""The worker as FastStream's pages show it: at least once, partitions side by side.

As many workers as there are partitions, each of which takes one event at a time, so a
user's events keep their order. It makes the same call with the same client as ours.
"""

from __future__ import annotations

import asyncio
import os
from typing import Any

import aiohttp
from faststream import (  # type: ignore[import-not-found]  # it lives in an environment of its own
    AckPolicy,
    FastStream,
)
from faststream.kafka import (  # type: ignore[import-not-found]  # as above
    KafkaBroker,
)

from bench.delivery.peers import given

broker = KafkaBroker(given.KAFKA)
app = FastStream(broker)
sessions: list[aiohttp.ClientSession] = []


@app.on_startup  # type: ignore[untyped-decorator]  # as above
async def _open() -> None:
    session = aiohttp.ClientSession(
        given.CRM_URL,
        connector=aiohttp.TCPConnector(limit=given.CALLS_IN_FLIGHT_MAX),
        timeout=aiohttp.ClientTimeout(total=given.CALL_SECONDS_MAX),
        headers=given.CRM_HEADERS,
    )
    sessions.append(session)


@app.after_shutdown  # type: ignore[untyped-decorator]  # as above
async def _close() -> None:
    await sessions.pop().close()


@broker.subscriber(  # type: ignore[untyped-decorator]  # as above
    given.TOPIC,
    group_id=given.GROUP,
    auto_offset_reset="earliest",
    session_timeout_ms=given.SESSION_SECONDS * 1000,
    ack_policy=AckPolicy.NACK_ON_ERROR,
    max_workers=int(os.environ["PEER_PARTITIONS"]),
)
async def deliver(event: dict[str, Any]) -> None:
    """Make the call of one event."""
    path, fields = given.patch_of_event(event)
    async with sessions[0].patch(path, json=fields) as response:
        response.raise_for_status()
        await response.read()


if __name__ == "__main__":
    asyncio.run(app.run())

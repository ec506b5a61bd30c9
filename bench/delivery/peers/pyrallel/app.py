"""The worker as a careful team would write it with pyrallel-consumer, beside ours.

In key order: a user's events one after another, users side by side. It makes the same
call with the same client; it keeps no link, compares no versions and writes no outcome.
All other settings are the defaults: polling 100 or 5,000 at a time was not faster.
"""

from __future__ import annotations

import asyncio
import signal

import aiohttp
from pyrallel_consumer.config import (  # type: ignore[import-not-found]  # it lives in an environment of its own
    KafkaConfig,
)
from pyrallel_consumer.consumer import (  # type: ignore[import-not-found]  # as above
    PyrallelConsumer,
)
from pyrallel_consumer.dto import (  # type: ignore[import-not-found]  # as above
    ExecutionMode,
    OrderingMode,
    WorkItem,
)

from bench.delivery.peers import given


def _config() -> KafkaConfig:
    config = KafkaConfig(
        BOOTSTRAP_SERVERS=given.KAFKA,
        CONSUMER_GROUP=given.GROUP,
        SESSION_TIMEOUT_MS=given.SESSION_SECONDS * 1000,
    )
    parallel = config.parallel_consumer
    parallel.ordering_mode = OrderingMode.KEY_HASH
    parallel.execution.mode = ExecutionMode.ASYNC
    parallel.execution.max_in_flight = given.CALLS_IN_FLIGHT_MAX
    return config


async def main() -> None:
    """Consume until SIGTERM."""
    async with aiohttp.ClientSession(
        given.CRM_URL,
        connector=aiohttp.TCPConnector(limit=given.CALLS_IN_FLIGHT_MAX),
        timeout=aiohttp.ClientTimeout(total=given.CALL_SECONDS_MAX),
        headers=given.CRM_HEADERS,
    ) as session:

        async def deliver(item: WorkItem) -> None:
            path, fields = given.patch_of(item.payload)
            async with session.patch(path, json=fields) as response:
                response.raise_for_status()
                await response.read()

        consumer = PyrallelConsumer(_config(), deliver, given.TOPIC)
        await consumer.start()
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        await stop.wait()
        await consumer.stop()


if __name__ == "__main__":
    asyncio.run(main())

"""Knows whether Kafka takes our messages, and says so once, not once per request."""

from __future__ import annotations

import asyncio

import structlog

from events.publisher import Publisher
from events.topics import Topics

log = structlog.get_logger()
ASK_SECONDS = 1.0
ANSWER_SECONDS_MAX = 2.0


class Reachability:
    """A readiness check: not ready until the brokers answer, and while they do not.

    Neither a failed publish nor silence is proof of an outage that lasts: after a
    failure the brokers themselves are asked, each second, until all is well.
    """

    def __init__(self, publisher: Publisher, topics: Topics) -> None:
        self._publisher = publisher
        self._topics = tuple(topic.name for topic in topics.of_ingest())
        self._trouble: str | None = "the brokers have not been asked yet"
        self._failures = 0
        self._reason = ""

    def check(self) -> str | None:
        """Return None while messages get through, else what is wrong."""
        if self._publisher.fatal is not None:
            return f"the producer is broken ({self._publisher.fatal})"
        return self._trouble

    def failed(self, reason: str) -> None:
        """Note that a publish was not acknowledged; its caller answers 503."""
        self._failures += 1
        self._reason = reason
        if reason != "queue_full":  # more than Kafka takes, but it takes some
            self._trouble = f"a publish failed ({reason})"

    async def watch(self) -> None:
        """Ask the brokers while there is trouble, until cancelled."""
        while True:
            self._tell_failures()
            if self._trouble is not None:
                await self._ask()
            if self._publisher.fatal is not None:
                return
            await asyncio.sleep(ASK_SECONDS)

    async def _ask(self) -> None:
        before, failures = self._trouble, self._failures
        found = await self._publisher.trouble(self._topics, ANSWER_SECONDS_MAX)
        if found is None and self._failures != failures:
            return  # it failed again while we asked
        self._trouble = found
        if found != before and found is not None:
            log.error("kafka.unreachable", reason=found)
        elif found is None:
            log.info("kafka.reachable")

    def _tell_failures(self) -> None:
        if self._failures:
            log.warning("publish.failed", count=self._failures, reason=self._reason)
            self._failures = 0

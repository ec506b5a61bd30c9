"""What the ledger's Kafka clients have in common: silence, deadlines, one error."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from confluent_kafka import Consumer, KafkaException

from events.kafka import KafkaSettings

Isolation = Literal["read_committed", "read_uncommitted"]

# librdkafka prints fatal errors to stderr at every log level, unless given a logger.
# What has to be said about them, whoever asked for the work says.
SILENT = logging.getLogger("librdkafka.ledger")
SILENT.disabled = True


class LedgerUnavailable(Exception):
    """Kafka did not give what the ledger needs in time; it can be asked again.

    `reason` is a short word for a log line or a metric.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Deadline:
    """A moment on the monotonic clock that several blocking calls share."""

    def __init__(self, seconds_max: float) -> None:
        self._at = time.monotonic() + seconds_max

    @property
    def passed(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() >= self._at

    def within(self, seconds_max: float) -> Deadline:
        """Return this moment, or one in *seconds_max*, whichever comes first."""
        return Deadline(min(seconds_max, self.left_seconds()))

    def left_seconds(self) -> float:
        """Return the time that is left, never quite 0: librdkafka may mean else."""
        return max(0.001, self._at - time.monotonic())


def open_consumer(
    kafka: KafkaSettings, group: str, isolation: Isolation, **tuning: Any
) -> Consumer:
    """Return a consumer that names *group* but never joins it, and commits nothing.

    Without automatic commits `close` returns at once; with them it would wait for a
    broker that does not answer. Names in *tuning* are librdkafka's with `_` for `.`.
    """
    return Consumer(
        {
            **kafka.librdkafka(),
            "group.id": group,
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "earliest",
            "isolation.level": isolation,
            "enable.partition.eof": True,
            "reconnect.backoff.max.ms": 500,
            "log_level": 0,
            **{name.replace("_", "."): value for name, value in tuning.items()},
        },
        logger=SILENT,
    )


@contextmanager
def consumer(
    kafka: KafkaSettings, group: str, isolation: Isolation, **tuning: Any
) -> Iterator[Consumer]:
    """Open a consumer as `open_consumer` does and close it after the block.

    Raises:
        LedgerUnavailable: librdkafka reported an error inside the block.
    """
    opened = open_consumer(kafka, group, isolation, **tuning)
    try:
        yield opened
    except KafkaException as error:
        raise LedgerUnavailable(error.args[0].name()) from None
    finally:
        opened.close()

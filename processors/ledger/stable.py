"""Tells how far partitions are decided: what their last stable offsets are.

A commit is promised when the coordinator has noted it; the markers that make it
readable are written a moment later.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Mapping

from confluent_kafka import (
    OFFSET_END,
    Consumer,
    KafkaError,
    KafkaException,
    TopicPartition,
)

from events.kafka import KafkaSettings
from processors.ledger.clients import Deadline, LedgerUnavailable, open_consumer
from processors.ledger.place import Place

AGAIN_SECONDS = 0.002
AGAIN_SECONDS_MAX = 0.05
ANSWER_SECONDS_MAX = 3.0  # then a new connection is better than more patience


class StableEnds:
    """Asks for last stable offsets, for any number of threads."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self._kafka = kafka
        self._changing = threading.Lock()
        self._opened: Consumer | None = None

    def of(self, places: Collection[Place], deadline: Deadline) -> dict[Place, int]:
        """Return the last stable offset of each: one question per broker.

        Raises:
            LedgerUnavailable: *deadline* passed, or the broker refused.
        """
        # A time of -1 asks for the end (Kafka protocol, ListOffsets), which for a
        # reader of what is committed is the last stable offset.
        asked = [TopicPartition(*place, OFFSET_END) for place in places]
        while True:
            opened = self._connected()
            try:
                limit = deadline.within(ANSWER_SECONDS_MAX)
                found = opened.offsets_for_times(asked, limit.left_seconds())
            except KafkaException as error:
                refused: list[KafkaError] = [error.args[0]]
            else:
                refused = [f.error for f in found if f.error is not None]
            if not refused:
                return {Place(f.topic, f.partition): f.offset for f in found}
            self._give_up(opened)
            if deadline.passed:
                raise LedgerUnavailable(refused[0].name())
            time.sleep(AGAIN_SECONDS_MAX)

    def behind(
        self, ends: Mapping[Place, int], patience: Deadline, deadline: Deadline
    ) -> list[Place]:
        """Return the places that are not decided up to their ends.

        Waits for them as long as *patience* goes, if the broker answers.

        Raises:
            LedgerUnavailable: *deadline* passed, or the broker refused.
        """
        pause_seconds, left = AGAIN_SECONDS, list(ends)
        while left:
            stable = self.of(left, deadline)
            left = [place for place in left if stable[place] < ends[place]]
            if patience.passed:
                break
            if left:
                time.sleep(pause_seconds)
                pause_seconds = min(pause_seconds * 2, AGAIN_SECONDS_MAX)
        return left

    def close(self) -> None:
        """Disconnect."""
        if self._opened is not None:
            self._opened.close()

    def _connected(self) -> Consumer:
        with self._changing:
            if self._opened is None:
                self._opened = open_consumer(
                    self._kafka, "keepstep.stable", "read_committed"
                )
            return self._opened

    def _give_up(self, opened: Consumer) -> None:
        """Let go of *opened*: a client that met a frozen broker may never recover.

        The thread that uses it last disconnects it.
        """
        with self._changing:
            if self._opened is opened:
                self._opened = None

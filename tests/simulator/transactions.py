"""Holds each durable transaction against what is known of its events."""

from __future__ import annotations

from collections.abc import Sequence

from processors.delivery.link import Link
from processors.delivery.operations import BEHIND
from processors.delivery.records import (
    Letter,
    Outcome,
    Park,
    PutLink,
    PutMeta,
    Record,
    Unpark,
)
from tests.simulator.history import BEFORE, Ended, History, Source
from tests.simulator.notes import Broken, Notes

# Reasons to be parked that say nothing about the event itself.
UNTROUBLED = (
    BEHIND,
    "held the others back",
    "waits for its next attempt",
)


class Check:
    """Checks one transaction of one partition, and takes it into the history."""

    def __init__(self, history: History, notes: Notes, partition: int) -> None:
        self._history = history
        self._notes = notes
        self._partition = partition
        self._links: dict[bytes, Link] = {}
        self._touched: list[Source] = []
        self._unparked: list[Source] = []
        self._letters: list[tuple[Source, str]] = []
        self._held: list[Source] = []

    def take(self, records: Sequence[Record], now: float) -> None:
        """Take in *records*, all of one transaction.

        Raises:
            Broken: They do not fit together, or not to what was durable before.
        """
        for record in records:
            self._take(record, now)
        self._parked_or_settled()
        self._every_letter_has_its_end()
        for user, link in self._links.items():
            self._taken_says_what_is_done(user, link)

    def _take(self, record: Record, now: float) -> None:
        match record:
            case PutLink(user=user, link=link):
                self._links[user] = link
            case PutMeta(meta=meta):
                if meta.topic_id.startswith(self._history.topic_ref):
                    self._history.starts(self._partition, meta.start)
            case Park():
                self._park(record)
            case Unpark(event=event):
                self._unpark(self._history.of(self._partition, event))
            case Outcome():
                self._end(record, now)
            case Letter(event=event, dead_class=dead_class):
                source = self._history.of(self._partition, event)
                self._letters.append((source, dead_class))

    def _park(self, record: Park) -> None:
        source, entry = self._history.of(self._partition, record.event), record.entry
        if source.settled or source.gone == BEFORE:
            raise Broken(f"I1: {source} is parked, but has ended or never was ours")
        source.parked, source.gone = entry, ""
        self._touched.append(source)
        if entry.state == "held":
            self._held.append(source)
        self._notes(f"parked {entry.state}", event=source, why=entry.reason)
        if entry.reason in UNTROUBLED:
            self._notes(f"parked: {entry.reason}")
        else:
            source.troubled = True

    def _unpark(self, source: Source) -> None:
        if source.parked is None:
            raise Broken(f"S5: {source} leaves the retry topic, but is not in it")
        source.parked = None
        self._unparked.append(source)

    def _end(self, record: Outcome, now: float) -> None:
        source = self._history.of(self._partition, record.event)
        if source.settled or source.gone == BEFORE:
            raise Broken(f"S5: a second outcome of {source}, or it never was ours")
        if record.end.outcome == "ignored" and source not in self._history.skips:
            raise Broken(f"COMMANDS: {source} is skipped, and nobody ordered it")
        replayed = bool(source.outcomes)
        current = source.topic_ref == self._history.topic_ref
        if replayed and current and not record.replay:
            raise Broken(f"S5: a second outcome of {source} without its mark")
        if record.replay and source.partition not in self._history.set_back:
            raise Broken(f"S5: {source} is marked as a replay and is none")
        source.settled, source.gone = True, ""
        dead = record.end.outcome in ("dead", "ignored")
        source.troubled = source.troubled or dead
        source.outcomes.append(Ended(record.end.outcome, record.replay, now))
        self._touched.append(source)
        kind = f"outcome {record.end.outcome}" + (" again" if replayed else "")
        self._notes(kind, event=source, attempts=record.attempts)

    def _parked_or_settled(self) -> None:
        for source in self._touched:
            if source.settled and source.parked is not None:
                raise Broken(f"I1: {source} has ended, but stays parked")
            link = self._links.get(source.lane)
            if link is None:
                raise Broken(f"TAKEN: {source} ends without its link")
        rewound = self._history.rewinds.get(self._partition)
        for source in self._unparked:
            if not source.settled and (rewound is None or source.offset < rewound):
                raise Broken(f"S1: {source} leaves the retry topic and has not ended")

    def _every_letter_has_its_end(self) -> None:
        dead = [
            source
            for source in self._touched
            if source.settled and source.outcomes[-1].outcome == "dead"
        ]
        expected = sorted(map(str, [*dead, *self._held]))
        if sorted(str(source) for source, _ in self._letters) != expected:
            raise Broken(f"S5: letters {self._letters} for {expected}")
        for _, dead_class in self._letters:
            self._notes(f"letter {dead_class}")

    def _taken_says_what_is_done(self, user: bytes, link: Link) -> None:
        """TAKEN and PREFIX: what is up to `taken` is done, and nothing beyond it."""
        if link.topic_ref in self._history.former:
            return  # it was on its way while the topic was deleted
        if link.topic_ref != self._history.topic_ref:
            raise Broken(f"TAKEN: link of {user!r} is for another topic")
        for source in self._history.lanes.get((self._partition, user), ()):
            beyond = source.topic_ref == link.topic_ref and source.offset > link.taken
            if beyond and (source.settled or source.parked is not None):
                raise Broken(f"TAKEN: {source} has ended, but taken is {link.taken}")
            if not beyond and not source.is_done:
                raise Broken(f"PREFIX: {source} was left out, taken is {link.taken}")

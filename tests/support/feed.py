"""Publishes events straight into keepstep.events, as ingest would, and follows them."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple
from uuid import uuid4

from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition

from events import headers
from tests.support.eventually import eventually
from tests.support.pipeline import PARTITIONS, Pipeline

LOOK_SECONDS = 0.05
LOOK_MESSAGES_MAX = 1_000
LONG_AGO = "2026-01-01T00:00:00"


class Place(NamedTuple):
    """Where a message of keepstep.events is."""

    partition: int
    offset: int


class Feed:
    """Users of one test; the name of a contact says which event it was told last.

    `sent` says when the message at each place was published, `users` whose it is.
    """

    def __init__(self, pipeline: Pipeline, padding_bytes: int = 0) -> None:
        self.pipeline = pipeline
        self._padding = "x" * padding_bytes
        self.sent: dict[Place, float] = {}
        self.users: dict[Place, int] = {}
        self._named = uuid4().hex[:8]
        self._numbers: Counter[int] = Counter()
        self._ends: Counter[Place] = Counter()
        self._producer = Producer(
            {
                "bootstrap.servers": pipeline.kafka,
                "partitioner": "murmur2_random",
                "enable.idempotence": True,
                "linger.ms": 5,
                "log_level": 0,
            }
        )
        self._outcomes = Consumer(
            {
                "bootstrap.servers": pipeline.kafka,
                "group.id": f"feed-{self._named}",
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
                "fetch.wait.max.ms": 50,
            }
        )
        name = pipeline.topics.outcomes("crm").name
        self._outcomes.assign([TopicPartition(name, n, 0) for n in range(PARTITIONS)])

    # ---- what is published

    def user_id(self, user: int) -> str:
        return f"auth0|{self._named}-{user}"

    def email(self, user: int) -> str:
        return f"{self._named}-{user}@example.com"

    def event(self, user: int, number: int, at: str = LONG_AGO) -> bytes:
        """Return the user's event *number*, the first of which creates the user.

        It happened in the second *at*; the order of its user's is in the fraction.
        """
        profile = {
            "user_id": self.user_id(user),
            "email": self.email(user),
            "name": str(number),
            "about": self._padding,
        }
        event = {
            "id": f"evt_{user}_{number}",
            "type": "user.updated" if number else "user.created",
            "time": f"{at}.{number:09}Z",
            "data": {"object": profile},
        }
        return json.dumps(event).encode()

    def publish(self, user: int, at: str = LONG_AGO) -> None:
        """Publish the user's next event; `flush` returns when it is there."""
        number = self._numbers[user]
        self._numbers[user] += 1
        self._producer.produce(
            self.pipeline.topics.events.name,
            self.event(user, number, at),
            self.user_id(user),
            headers=headers.encode({headers.EVENT_ID: f"evt_{user}_{number}"}),
            on_delivery=partial(self._stored, user),
        )
        self._producer.poll(0)

    def _stored(self, user: int, error: KafkaError | None, message: Message) -> None:
        assert error is None, error
        place = Place(message.partition() or 0, message.offset() or 0)
        self.users[place], self.sent[place] = user, time.monotonic()

    def publish_now(self, user: int) -> Place:
        """Publish an event that happens now; return where it is."""
        self.publish(user, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()))
        self.flush()
        return max(
            (place for place, whose in self.users.items() if whose == user),
            key=self.sent.__getitem__,
        )

    def flush(self) -> None:
        """Return when all that was published is there."""
        assert self._producer.flush(30) == 0

    def introduce(self, users: int) -> None:
        """Let each of *users* have a contact; return when all have one."""
        for user in range(users):
            self.publish(user)
        self.flush()
        eventually(self.all_ended, 60.0)

    @contextmanager
    def flowing(self, events_per_second: float, users: int) -> Iterator[None]:
        """Publish events of *users* in turn as long as the block runs."""
        stop = threading.Event()

        def run() -> None:
            for number in itertools.count():
                if stop.wait(1 / events_per_second):
                    return
                self.publish(number % users)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            self.flush()

    # ---- what came of it

    def ends(self) -> dict[Place, int]:
        """Return how many outcomes each message has that has one, as far as read.

        A look takes a moment, also while outcomes come without a pause.
        """
        for message in self._outcomes.consume(LOOK_MESSAGES_MAX, LOOK_SECONDS):
            assert message.error() is None, message.error()
            _, partition, offset = json.loads(message.value() or b"")["source"]
            self._ends[Place(partition, offset)] += 1
        return {place: self._ends[place] for place in self._ends if place in self.sent}

    def all_ended(self) -> bool:
        """Whether every message has an outcome."""
        return len(self.ends()) == len(self.sent)

    def all_move(self, since: float, seconds_max: float = 60.0) -> float:
        """Return how long after *since* every partition had ended something newer."""
        eventually(lambda: len(self.moved(since)) == PARTITIONS, seconds_max)
        return time.monotonic() - since

    def moved(self, since: float) -> set[int]:
        """Return the partitions where a message that was published later has ended."""
        return {p.partition for p in self.ends() if self.sent[p] > since}

    def close(self) -> None:
        self._outcomes.close()

    def check_each_ended_once(self) -> None:
        """Nothing is lost, nothing has two outcomes, and the newest state has won."""
        eventually(self.all_ended, 90.0)
        assert set(self.ends().values()) == {1}
        wanted = {self.email(user): str(n - 1) for user, n in self._numbers.items()}
        assert self._told().items() >= wanted.items()

    def _told(self) -> dict[str, str]:
        """Return the name that each contact was told last, by email."""
        emails, names = dict[str, str](), dict[str, str]()
        for effect in self.pipeline.crm.effects():
            contact, sent = effect["contact_id"], effect["sent"]
            emails[contact] = sent.get("email") or emails[contact]
            names[contact] = sent.get("name") or names[contact]
        return {email: names[contact] for contact, email in emails.items()}

    def check_order(self, *, each_once: bool) -> None:
        """Each user's values came in order, with *each_once* none of them again."""
        told = defaultdict(list)
        for effect in self.pipeline.crm.effects():
            told[effect["contact_id"]].append(int(effect["sent"]["name"]))
        for numbers in told.values():
            assert numbers == sorted(set(numbers) if each_once else numbers)

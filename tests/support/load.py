"""Posts many events at once from threads, and remembers what each was answered."""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.support.ingest import Ingest
from tests.support.posting import Poster, an_event

PAUSE_SECONDS = 0.05  # after a lost connection or a 503


@dataclass
class Answers:
    """Statuses by count, and the ids of the events that were answered 202."""

    statuses: Counter[int] = field(default_factory=Counter)
    accepted: set[str] = field(default_factory=set)


@contextmanager
def under_load(ingest: Ingest, senders: int = 8) -> Iterator[Answers]:
    """Post events, each once, from *senders* threads as long as the block runs."""
    answers, stop = Answers(), threading.Event()
    numbers = itertools.count()

    def send() -> None:
        with Poster(ingest.url, ingest.authorization) as poster:
            while not stop.is_set():
                number = next(numbers)
                event_id = f"evt_{number}"
                body = an_event(f"auth0|{number % 50}", event_id)
                status = poster.post(body).status
                answers.statuses[status] += 1
                if status == 202:
                    answers.accepted.add(event_id)
                else:
                    time.sleep(PAUSE_SECONDS)

    threads = [threading.Thread(target=send) for _ in range(senders)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        stop.set()
        for thread in threads:
            thread.join()

"""Promises of turns: who is alone is alone, and is not put off for ever."""

from __future__ import annotations

import fcntl
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

from tests.support.eventually import eventually
from tests.support.turns import turn

SECONDS_MAX = 20.0


def _is_taken(lock: Path) -> bool:
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def test_two_that_judge_no_times_have_their_turn_at_once(tmp_path: Path) -> None:
    both = Barrier(2, timeout=SECONDS_MAX)

    def take() -> None:
        with turn(tmp_path, alone=False):
            both.wait()

    with ThreadPoolExecutor() as threads:
        for taken in [threads.submit(take), threads.submit(take)]:
            taken.result()


def test_one_that_is_alone_comes_after_those_that_began_and_before_later_ones(
    tmp_path: Path,
) -> None:
    order: list[str] = []

    def take(name: str, *, alone: bool) -> None:
        with turn(tmp_path, alone=alone):
            order.append(f"{name} begins")
            order.append(f"{name} ends")

    with ThreadPoolExecutor() as threads:
        with turn(tmp_path, alone=False):
            alone = threads.submit(take, "alone", alone=True)
            eventually(lambda: _is_taken(tmp_path / "door"), SECONDS_MAX)
            later = threads.submit(take, "later", alone=False)
            order.append("first ends")
        alone.result()
        later.result()

    assert order == [
        "first ends",
        "alone begins",
        "alone ends",
        "later begins",
        "later ends",
    ]

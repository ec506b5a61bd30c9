"""How fast a backlog comes in: real Faust, real Kafka."""

from __future__ import annotations

import asyncio

import pytest

from events.topics import Topics
from processors.group.agents import AT_ONCE_MAX
from processors.group.hooks import Arrived
from tests.support.members import Collector, happens, running_member, write

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(60)]
MESSAGES = 400


class Turns(Collector):
    """Notes in which turn of the event loop each message came, and may have no room."""

    def __init__(self, room_for: int) -> None:
        super().__init__()
        self.turn = 0
        self.at: list[int] = []
        self._room_for = room_for

    def take(self, message: Arrived) -> None:
        super().take(message)
        self.at.append(self.turn)
        if len(self.at) == self._room_for:
            self.room_made.clear()

    async def count(self) -> None:
        while True:
            self.turn += 1
            await asyncio.sleep(0)


@pytest.mark.parametrize("room_for", [MESSAGES, 10])
async def test_a_backlog_comes_many_in_a_turn_of_the_loop_as_far_as_there_is_room(
    kafka: str, topics: Topics, room_for: int
) -> None:
    write(kafka, topics, 0, MESSAGES)
    hooks = Turns(room_for)
    turns = asyncio.create_task(hooks.count())

    async with running_member(kafka, topics, hooks):
        await happens(lambda: len(hooks.got) >= room_for)
        taken = len(hooks.got)
        hooks.room_made.set()
        await happens(lambda: len(hooks.got) == MESSAGES)
    turns.cancel()

    assert taken == room_for
    assert hooks.offsets(0) == list(range(MESSAGES))
    most = max(hooks.at.count(turn) for turn in set(hooks.at))
    assert 10 < most <= AT_ONCE_MAX

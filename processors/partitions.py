"""The partitions that this worker owns."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from processors.partition import Partition, Taken, Tools


class Partitions:
    """All partitions of one worker; an exception in one ends them all."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._owned: dict[int, Partition] = {}
        self._group: asyncio.TaskGroup | None = None
        self._closed = asyncio.Event()
        self.assigned = False

    async def run(self) -> None:
        """Own the partitions' tasks until `close`; raises what one of them raised."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            await self._closed.wait()

    def own(self, numbers: Iterable[int]) -> None:
        """Begin to work on the partitions *numbers*."""
        assert self._group is not None  # noqa: S101 -- the worker opens it first
        for number in set(numbers) - self._owned.keys():
            self._owned[number] = Partition(number, self._tools)
            self._owned[number].start(self._group)
        self.assigned = True

    async def take(self, taken: Taken) -> None:
        """Give a message to its partition; waits while that one's queue is full."""
        owned = self._owned.get(taken.origin.partition)
        if owned is None:
            taken.give_back()
        else:
            await owned.take(taken)

    async def release(self) -> None:
        """Stop work on all partitions, each letting its event in hand end."""
        owned, self._owned = list(self._owned.values()), {}
        async with asyncio.TaskGroup() as group:
            for partition in owned:
                group.create_task(partition.stop())

    def close(self) -> None:
        """End `run`; call after `release`."""
        self._closed.set()

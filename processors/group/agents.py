"""The Faust agent: hands messages over, and nothing else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from faust import Event, Schema

from events import headers as h
from processors.group.app import WorkerApp
from processors.group.hooks import Arrived, Hooks

__all__ = ["Arrived", "Hooks", "attach"]

AT_ONCE_MAX = 64


def attach(app: WorkerApp) -> None:
    """Make *app* hand the messages of its topic over.

    An exception that left the agent would be one message that nobody looks at again.

    Faust's stream gives one message in a turn of the loop, so while calls are under way
    a backlog would come in drop by drop, and a user's events one by one. What waits in
    it is therefore taken along.
    """

    @app.agent(app.topic(app.source, schema=_Untouched()), name="take")
    async def take(stream: Any) -> None:
        waiting = stream.channel.queue
        async for event in stream.noack().events():
            try:
                await _take(app, event.message)
                for _ in range(AT_ONCE_MAX - 1):
                    if waiting.empty():
                        break
                    await _take(app, waiting.get_nowait().message)
            except Exception as error:  # noqa: BLE001 -- any bug ends the process
                await app.crash(error)
                return


async def _take(app: WorkerApp, message: Any) -> None:
    if app.member.hand_over(message):
        app.hooks.take(_arrived(app, message))
    await app.hooks.room()


class _Untouched(Schema[bytes, bytes]):
    """Hands messages on as they came: Faust acks one that it cannot decode."""

    def compile(self, app: Any, **_: Any) -> Callable[..., Awaitable[Any]]:
        """Return what makes an event of a message; only the message is looked at."""

        async def decode(message: Any, **_: Any) -> Any:
            return Event(app, None, None, None, message)

        return decode


class _InHand:
    """A message that was handed over; tens of thousands may be, behind a backlog."""

    __slots__ = ("_app", "_message")

    def __init__(self, app: WorkerApp, message: Any) -> None:
        self._app, self._message = app, message

    def ack(self) -> None:
        self._message.ack(self._app.consumer)

    def give_back(self) -> None:
        self._app.member.give_back(self._message)


def _arrived(app: WorkerApp, message: Any) -> Arrived:
    hand = _InHand(app, message)
    arrived = Arrived(
        partition=message.partition,
        offset=message.offset,
        key=message.key,
        value=message.value,
        headers=h.decode(message.headers),
        timestamp_seconds=message.timestamp or 0.0,
        ack=hand.ack,
        give_back=hand.give_back,
    )
    # It is held until it is acked, without what has been handed over by now.
    message.key = message.value = message.headers = None
    return arrived

"""The Faust agent: moves messages into partitions, and nothing else."""

from __future__ import annotations

from typing import Any

from events import headers as h
from processors.app import WorkerApp
from processors.ledger.origin import Origin
from processors.partition import Taken
from processors.partitions import Partitions


def attach(app: WorkerApp, topic: str, topic_ref: str, partitions: Partitions) -> None:
    """Make *app* feed *topic* into *partitions*, which it also assigns and revokes.

    Keys and values stay raw bytes: Faust acks a message that it cannot decode.
    """

    @app.agent(app.topic(topic, key_type=bytes, value_type=bytes), name="take")
    async def take(stream: Any) -> None:
        async for event in stream.noack().events():
            message = event.message
            if message.generation_id != app.consumer_generation_id:
                app.consumer.unacked.discard(message)  # from before a rebalance
                continue
            await partitions.take(_taken(app, event, topic_ref))

    @app.on_partitions_assigned.connect  # type: ignore[arg-type]  # wants a broader one
    async def assigned(_: Any, *args: Any, **__: Any) -> None:
        partitions.own(tp.partition for tp in args[0] if tp.topic == topic)


def _taken(app: WorkerApp, event: Any, topic_ref: str) -> Taken:
    message = event.message
    origin = Origin(
        topic=message.topic,
        topic_ref=topic_ref,
        partition=message.partition,
        offset=message.offset,
        key=message.key or b"",
        value=message.value or b"",
        headers=h.decode(message.headers),
    )
    return Taken(
        origin,
        ack=event.ack,
        give_back=lambda: app.consumer.unacked.discard(message),
    )

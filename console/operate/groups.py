"""How far the workers of a destination are, and which of them there are."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException
from confluent_kafka.admin import AdminClient

from console.operate.target import Target
from events.exits import BrokerUnreachable


class Member(msgspec.Struct, frozen=True):
    """One worker, and the partitions that it has."""

    client_id: str
    host: str
    partitions: list[int]


class Group(NamedTuple):
    """The workers' consumer group; `committed` lacks partitions never committed."""

    state: str
    members: list[Member]
    committed: dict[int, int]


def group(target: Target) -> Group:
    """Return the group as the broker knows it; nothing in it is changed.

    Raises:
        BrokerUnreachable: The broker did not answer, or refused.
    """
    client = AdminClient({**target.kafka.librdkafka(), "log_level": 0})
    seconds = target.kafka.connect_seconds_max
    try:
        state, members = _members(client, target.group, seconds)
        return Group(state, members, _committed(client, target, seconds))
    except KafkaException as error:
        raise BrokerUnreachable(
            f"group {target.group}: the broker does not say ({error.args[0].str()}): "
            "see that it runs, and that this user may describe the group"
        ) from None


def _members(
    client: AdminClient, name: str, seconds: float
) -> tuple[str, list[Member]]:
    asked = client.describe_consumer_groups([name], request_timeout=seconds)
    found: Any = asked[name].result()
    members = [
        Member(
            member.client_id,
            member.host.lstrip("/"),
            sorted(place.partition for place in member.assignment.topic_partitions),
        )
        for member in found.members
    ]
    state = found.state.name.lower()
    return "not there" if state == "dead" else state, members


def _committed(client: AdminClient, target: Target, seconds: float) -> dict[int, int]:
    request = ConsumerGroupTopicPartitions(target.group)
    asked = client.list_consumer_group_offsets([request], request_timeout=seconds)
    found: Any = asked[target.group].result()
    return {
        place.partition: place.offset
        for place in found.topic_partitions
        if place.topic == target.topics.events.name and place.offset >= 0
    }

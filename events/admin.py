"""Creates an installation's topics, and checks that they are as they must be."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # its stubs export less than it does
    AdminClient,
    ConfigResource,
    NewTopic,
)

from events.exits import BadConfiguration, BrokerUnreachable

if TYPE_CHECKING:
    from events.kafka import KafkaSettings
    from events.topics import Topic

CHECKED = ("cleanup.policy", "max.message.bytes")
# The broker that knows a group is being made, or has just changed.
COORDINATOR_MOVES = (
    KafkaError.NOT_COORDINATOR,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError._TIMED_OUT,  # noqa: SLF001 -- librdkafka's own
)
AGAIN_SECONDS = 0.2


def create(kafka: KafkaSettings, topics: Iterable[Topic]) -> dict[str, str]:
    """Create those of *topics* that are missing; return `created` or `exists` by name.

    An existing topic is left as it is; `check` says what is wrong with it.

    Raises:
        BrokerUnreachable: No broker answered within `connect_seconds_max`.
        BadConfiguration: The broker refused a topic; the message says why.
    """
    client = _client(kafka)
    _names(client, kafka)
    wanted = [
        NewTopic(
            topic.name,
            num_partitions=topic.partitions,
            replication_factor=kafka.replication_factor,
            config={
                **topic.settings,
                "min.insync.replicas": str(kafka.min_insync_replicas),
            },
        )
        for topic in topics
    ]
    done = client.create_topics(wanted, operation_timeout=30.0)
    return {name: _created(name, future) for name, future in done.items()}


def _created(name: str, future: object) -> str:
    try:
        future.result()  # type: ignore[attr-defined]
    except KafkaException as error:
        reason = error.args[0]
        if reason.code() == KafkaError.TOPIC_ALREADY_EXISTS:
            return "exists"
        raise BadConfiguration(
            f"topic {name}: the broker refused it: {reason.str()}"
        ) from None
    return "created"


def check(kafka: KafkaSettings, topics: Iterable[Topic]) -> None:
    """Return when every topic is there with its partitions and vital settings.

    Raises:
        BrokerUnreachable: No broker answered within `connect_seconds_max`.
        BadConfiguration: A topic is missing or differs; the message names the cure.
    """
    client = _client(kafka)
    found = _names(client, kafka)
    wanted = list(topics)
    for topic in wanted:
        count = found.get(topic.name)
        if count is None:
            raise BadConfiguration(
                f"topic {topic.name} is missing: run `keepstep topics create`"
            )
        if count != topic.partitions:
            raise BadConfiguration(
                f"topic {topic.name} has {count} partitions where KEEPSTEP_PARTITIONS "
                f"says {topic.partitions}: set it to what the topics were made with"
            )
    resources = [ConfigResource(ConfigResource.Type.TOPIC, t.name) for t in wanted]
    answers = client.describe_configs(resources, request_timeout=10.0)
    described = {resource.name: f.result() for resource, f in answers.items()}
    for topic in wanted:
        for name in CHECKED:
            _check_setting(topic, name, described[topic.name][name].value)


def topic_id(kafka: KafkaSettings, topic: str) -> str:
    """Return the id of *topic*: another one each time that a topic is made."""
    client = _client(kafka)
    described = client.describe_topics(TopicCollection([topic]), request_timeout=10.0)
    return str(described[topic].result().topic_id)


def members(kafka: KafkaSettings, group: str) -> list[str | None]:
    """Return the static id of each member of *group*, None for one that has none.

    One that was killed is a member until its session ends.

    Raises:
        BrokerUnreachable: Nobody knew the group within `connect_seconds_max`.
    """
    client = _client(kafka)
    deadline = time.monotonic() + kafka.connect_seconds_max
    while True:
        described = client.describe_consumer_groups([group], request_timeout=10.0)
        try:
            found = described[group].result()
        except KafkaException as error:
            reason = error.args[0]
            if reason.code() == KafkaError.GROUP_ID_NOT_FOUND:
                return []
            if reason.code() not in COORDINATOR_MOVES or time.monotonic() > deadline:
                raise BrokerUnreachable(
                    f"group {group}: its members are not to be known ({reason.str()}): "
                    f"start the brokers, or correct the permissions"
                ) from None
            time.sleep(AGAIN_SECONDS)
        else:
            return [member.group_instance_id for member in found.members]


def _check_setting(topic: Topic, name: str, value: str) -> None:
    wanted = topic.settings[name]
    enough = int(value) >= int(wanted) if wanted.isdigit() else value == wanted
    if not enough:
        raise BadConfiguration(
            f"topic {topic.name} has {name}={value} where {wanted} is needed: run "
            f"kafka-configs.sh --alter --topic {topic.name} "
            f"--add-config {name}={wanted}"
        )


def _client(kafka: KafkaSettings) -> AdminClient:
    # librdkafka's own lines would be a second, unstructured log of the same fault.
    return AdminClient({**kafka.librdkafka(), "log_level": 0})


def _names(client: AdminClient, kafka: KafkaSettings) -> dict[str, int]:
    try:
        listed = client.list_topics(timeout=kafka.connect_seconds_max)
    except KafkaException as error:
        raise BrokerUnreachable(
            f"KEEPSTEP_KAFKA_BOOTSTRAP_SERVERS={kafka.bootstrap_servers}: no broker "
            f"answered within {kafka.connect_seconds_max:g} s "
            f"({error.args[0].str()}): start it, or correct address and credentials"
        ) from None
    return {name: len(topic.partitions) for name, topic in listed.topics.items()}

"""What Keepstep takes for granted about Faust's and aiokafka's insides.

They were read and tried in the locked versions; another version may have other ones,
and then events would be lost without a word. So a worker looks before it starts.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.consumer import fetcher
from aiokafka.consumer.group_coordinator import (
    CoordinatorGroupRebalance,
    GroupCoordinator,
)
from aiokafka.protocol.commit import OffsetCommitRequest
from faust import App, Channel, Schema, streams
from faust.tables.recovery import Recovery
from faust.transport import consumer
from faust.transport.drivers import aiokafka as driver

from events.exits import BadConfiguration
from processors.group.membership import NO_GENERATION

VERSIONS = {"faust-streaming": "0.15.3", "mode-streaming": "0.7", "aiokafka": "0.14"}

DECODING = "on_key_decode_error on_value_decode_error default_propagate"
# What we override, and with which parameters it is called.
OVERRIDDEN: tuple[tuple[type, str, str], ...] = (
    (App, "_new_transport", ""),
    (App, "_crash", "reason"),
    (App, "_create_directories", ""),
    (App, "_on_rebalance_when_stopped", ""),
    (App, "on_stop", ""),
    (Schema, "compile", f"app {DECODING}"),
    (driver.Consumer, "_new_consumer_thread", ""),
    (driver.Consumer, "_to_message", "tp record"),
    (driver.Consumer, "ack", "message"),
    (driver.Consumer, "_filter_tps_with_pending_acks", "topics"),
    (driver.Consumer, "_new_offset", "tp"),
    (driver.Consumer, "_should_commit", "tp offset"),
    (driver.Consumer, "_commit", "offsets"),
    (driver.Consumer, "_add_gap", "tp offset_from offset_to"),
    (driver.Consumer, "_getmany", "active_partitions timeout"),
    (driver.Consumer, "on_partitions_assigned", "assigned generation_id"),
    (driver.Consumer, "on_partitions_revoked", "revoked"),
    (driver.Consumer, "verify_event_path", "now tp"),
    (driver.Consumer, "wait_first", "coros timeout"),
    (driver.AIOKafkaConsumerThread, "_create_worker_consumer", "transport"),
    (driver.AIOKafkaConsumerThread, "on_start", ""),
    (driver.AIOKafkaConsumerThread, "_commit", "offsets"),
    (driver.AIOKafkaConsumerThread, "seek_to_committed", ""),
    (GroupCoordinator, "_send_req", "request"),
    (GroupCoordinator, "reset_generation", ""),
)

# Who uses what: without these names what we set or override would have no effect.
USED: tuple[tuple[type, str, str], ...] = (
    (
        AIOKafkaConsumer,
        "start",
        "_isolation_level _fetch_max_wait_ms _auto_offset_reset",
    ),
    (GroupCoordinator, "_do_heartbeat", "_send_req reset_generation"),
    (GroupCoordinator, "_do_commit_offsets", "reset_generation"),
    (GroupCoordinator, "_stop_heartbeat_task", "_heartbeat_task"),
    (GroupCoordinator, "close", "_closing _coordination_task"),
    (GroupCoordinator, "fetch_committed_offsets", "_do_fetch_commit_offsets"),
    (CoordinatorGroupRebalance, "_send_sync_group_request", "_send_req"),
    (fetcher.Fetcher, "_proc_fetch_request", "OffsetOutOfRangeError lso"),
    (fetcher.Fetcher, "_update_fetch_positions", "NoOffsetForPartitionError"),
    (fetcher.Fetcher, "seek_to", "_records"),
    (consumer.Consumer, "force_commit", "_filter_tps_with_pending_acks _commit_tps"),
    (consumer.Consumer, "_filter_committable_offsets", "_new_offset _should_commit"),
    (consumer.Consumer, "_commit_offsets", "_commit"),
    (consumer.Consumer, "getmany", "_wait_next_records flow_active _to_message"),
    (consumer.Consumer, "_wait_next_records", "_getmany can_resume_flow"),
    (consumer.Consumer, "_drain_messages", "wait_first callback suspend_flow"),
    (consumer.Consumer, "perform_seek", "seek_to_committed"),
    (Channel, "__anext__", "queue"),
    (consumer.Consumer, "wait_empty", "_unacked_messages"),
    (driver.AIOKafkaConsumerThread, "getmany", "_fetch_records"),
    (
        driver.ConsumerRebalanceListener,
        "on_partitions_assigned",
        "consumer_generation_id",
    ),
    (Recovery, "_resume_streams", "perform_seek resume_flow"),
    (App, "_on_partitions_revoked", "_on_rebalance_when_stopped"),
)


def check() -> None:
    """Return when the installed versions are as those that Keepstep was written for.

    Raises:
        BadConfiguration: The message names what differs, and the cure.
    """
    for what in _differences():
        found = ", ".join(f"{name} {version(name)}" for name in VERSIONS)
        raise BadConfiguration(
            f"{found}: {what}, so events could be lost: install the locked versions, "
            "pip install --require-hashes --no-deps -r requirements/run.txt"
        )


def _differences() -> Iterator[str]:
    for name, begins in VERSIONS.items():
        if not f"{version(name)}.".startswith(f"{begins}."):
            yield f"{name} {begins} is needed"
    if getattr(streams, "_CStreamIterator", None) is None:
        yield "Faust's compiled stream is missing, and the other one acks by itself"
    if OffsetCommitRequest.DEFAULT_GENERATION_ID != NO_GENERATION:
        yield "who is no member of a group has another generation"
    for owner, name, parameters in OVERRIDDEN:
        if not takes(getattr(owner, name, None), parameters.split()):
            yield f"{owner.__name__}.{name} is called otherwise"
    for owner, name, names in USED:
        missing = set(names.split()) - names_in(getattr(owner, name, None))
        if missing:
            yield f"{owner.__name__}.{name} does not use {', '.join(sorted(missing))}"


def takes(function: Any, parameters: list[str]) -> bool:
    """Whether *function* is a method with exactly these parameters, besides self."""
    if function is None:
        return False
    return list(inspect.signature(function).parameters)[1:] == parameters


def names_in(function: Any) -> frozenset[str]:
    """Return the names of attributes and variables that *function* uses."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    return frozenset(code.co_names + code.co_varnames) if code else frozenset()

"""Commands and workers mean the same bytes: each reads what the other writes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from confluent_kafka import Message as Read

from console.operate.entries import Parked, entry, retry_key
from console.operate.links import Paused, meta
from console.operate.orders import about, of_user, standing
from console.operate.target import Target
from events.kafka import KafkaSettings
from events.publisher import Message
from events.topics import Topics
from processors.delivery.commands import Command
from processors.delivery.lane import Entry, Waiting
from processors.delivery.records import Meta, Park, PutMeta, Record, Unpark
from processors.ledger import decode
from processors.ledger.encode import Encoder
from processors.ledger.origin import Origin
from processors.refs import References
from processors.settings import WorkerSettings

REF, ANN = "Qm3xT0aB", b"auth0|ann@example.com"
TARGET = Target(
    "crm",
    KafkaSettings(bootstrap_servers="127.0.0.1:1"),
    Topics("keepstep", 3),
    References("k" * 16),
    WorkerSettings(),
)


def written(record: Record) -> Read:
    """Return a worker's record as a consumer gives it."""
    encoder = Encoder(TARGET.topics, "crm", TARGET.references, "worker")
    [one] = encoder.encode(2, [record])
    return Read(one.topic, one.partition, 5, one.key, one.value, one.headers)


def waiting() -> Waiting:
    headers = {"event-id": "evt_1"}
    body = Origin("keepstep.events", 2, 17, ANN, b"{}", 0.0, headers)
    return Waiting(ANN, REF, 17, 2, "user.updated", body=body)


def test_a_worker_does_what_was_said_about_an_event() -> None:
    [event] = [entry(written(Park(waiting(), Entry("held", 6))))]

    said = about(TARGET, "skip", event, "asked for")

    assert said.partition == 2
    heard = decode.command(3, said.key, said.value)
    assert heard.at
    assert replace(heard, at="") == Command(3, "skip", ANN, REF, 17, "asked for")


@pytest.mark.parametrize("reason", [None, "moving house"])
def test_a_worker_holds_what_was_said_of_all(reason: str | None) -> None:
    said: list[Message] = standing(TARGET, "pause", reason)

    assert [one.partition for one in said] == [0, 1, 2]
    heard = decode.command(3, said[0].key, said[0].value)
    assert (heard.name, heard.reason) == ("pause", reason or "")


def heard(user_id: str, name: str, **more: str) -> Command:
    said = of_user(TARGET, name, user_id, **more)
    return replace(decode.command(3, said.key, said.value), at="")


def test_a_worker_writes_the_link_that_was_said() -> None:
    link = heard(ANN.decode(), "link", record="c_1")

    assert link == Command(3, "link", ANN, record_id="c_1")
    assert heard(ANN.decode(), "unlink") == Command(3, "unlink", ANN)
    assert heard(ANN.decode(), "resync", field="name") == Command(
        3, "resync", ANN, field="name"
    )


@pytest.mark.parametrize("record", ["", "..", "a/b", "a b", "x" * 513])
def test_a_link_to_what_is_no_record_s_id_is_passed_over(record: str) -> None:
    assert heard(ANN.decode(), "link", record=record) == Command(3, "unknown")


def test_an_order_about_nobody_is_passed_over() -> None:
    assert heard("", "unlink") == Command(3, "unknown")


def test_a_parked_event_is_shown_as_a_worker_wrote_it() -> None:
    event = waiting()
    record = Park(event, Entry("waiting", 2, 0.25, 0.5, "HTTP 503"))

    shown = entry(written(record))

    assert shown == Parked(
        user=ANN.decode(),
        topic_ref=REF,
        partition=2,
        offset=17,
        state="waiting",
        attempt=2,
        not_before="1970-01-01T00:00:00.250+00:00",
        first_failed_at="1970-01-01T00:00:00.500+00:00",
        reason="HTTP 503",
        event_id="evt_1",
        event_type="user.updated",
    )
    assert retry_key(shown) == written(Unpark(event)).key()


def test_a_pause_is_shown_as_a_worker_wrote_it() -> None:
    held = meta(written(PutMeta(Meta(REF, 0, 4, paused=True, reason="moving house"))))
    free = meta(written(PutMeta(Meta(REF, 0, 5))))

    assert isinstance(held.paused, Paused)
    assert (held.commands, held.paused.reason) == (4, "moving house")
    assert (free.commands, free.paused) == (5, None)

"""How the process ends, by signal and by power cut: real process, real Kafka."""

from __future__ import annotations

import socket
import time

import pytest

from events.topics import Topics
from tests.support.eventually import eventually
from tests.support.ingest import running_ingest
from tests.support.load import under_load
from tests.support.posting import an_event
from tests.support.topics import read_topic

STOP_SECONDS_MAX = 10.0

pytestmark = [pytest.mark.kafka, pytest.mark.alone]


def ids_in(kafka: str, topics: Topics) -> set[str]:
    return {r.headers["event-id"] for r in read_topic(kafka, topics.events.name)}


def test_killed_under_load_again_and_again_every_202_is_in_the_topic(
    kafka: str, topics: Topics
) -> None:
    with (
        running_ingest(kafka, topics.installation) as ingest,
        under_load(ingest) as answers,
    ):
        for _ in range(4):
            enough = len(answers.accepted) + 200
            eventually(lambda enough=enough: len(answers.accepted) >= enough)  # type: ignore[misc]
            ingest.kill()
            ingest.start()

    assert set(answers.statuses) <= {0, 202, 503}
    assert answers.statuses[0] > 0
    assert answers.accepted <= ids_in(kafka, topics)


def test_a_signal_under_load_answers_all_that_was_taken_on_and_exits_0(
    kafka: str, topics: Topics
) -> None:
    with (
        running_ingest(kafka, topics.installation) as ingest,
        under_load(ingest) as answers,
    ):
        eventually(lambda: len(answers.accepted) >= 200)
        began = time.monotonic()
        ingest.terminate()
        code = ingest.wait()
        seconds = time.monotonic() - began

    assert code == 0
    assert seconds < STOP_SECONDS_MAX
    stored = ids_in(kafka, topics)
    assert answers.accepted <= stored
    # What is stored was answered, but for one at most per connection that was closed.
    assert len(stored - answers.accepted) <= 8


def test_a_request_whose_body_is_under_way_is_answered_before_the_exit(
    kafka: str, topics: Topics
) -> None:
    body = an_event("auth0|1", "evt_1")
    with running_ingest(kafka, topics.installation) as ingest:
        address = ("127.0.0.1", ingest.port)
        with socket.create_connection(address, timeout=10.0) as client:
            client.sendall(
                b"POST /webhooks/auth0 HTTP/1.1\r\nHost: x\r\n"
                b"Authorization: Bearer %s\r\nContent-Length: %d\r\n\r\n"
                % (ingest.secret.encode(), len(body))
            )
            eventually(lambda: "connections 1.0" in ingest.admin("/metrics")[1])
            ingest.terminate()
            eventually(lambda: not ingest.ready())
            client.sendall(body)
            answer = client.recv(65536)
        code = ingest.wait()

    assert answer.startswith(b"HTTP/1.1 202")
    assert b"connection: close" in answer
    assert code == 0
    assert ids_in(kafka, topics) == {"evt_1"}


def test_a_sender_that_stalls_cannot_hold_up_the_exit(
    kafka: str, topics: Topics
) -> None:
    with running_ingest(kafka, topics.installation) as ingest:
        address = ("127.0.0.1", ingest.port)
        with socket.create_connection(address, timeout=15.0) as client:
            client.sendall(
                b"POST /webhooks/auth0 HTTP/1.1\r\nHost: x\r\n"
                b"Authorization: Bearer %s\r\nContent-Length: 99\r\n\r\n"
                % ingest.secret.encode()
            )
            eventually(lambda: "connections 1.0" in ingest.admin("/metrics")[1])
            began = time.monotonic()
            ingest.terminate()

            assert ingest.wait() == 0
            assert time.monotonic() - began < STOP_SECONDS_MAX

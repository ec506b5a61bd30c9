"""What a sender is answered, and what is in Kafka then: real process, real Kafka."""

from __future__ import annotations

import random
import socket
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from events.codec import UnreadableEvent, peek
from events.topics import BODY_BYTES_MAX, Topics
from tests.support.eventually import eventually
from tests.support.ingest import Ingest, running_ingest
from tests.support.posting import Poster, an_event
from tests.support.topics import Stored, read_topic

pytestmark = pytest.mark.kafka


@pytest.fixture
def ingest(kafka: str, topics: Topics) -> Iterator[Ingest]:
    with running_ingest(kafka, topics.installation) as running:
        yield running


@pytest.fixture
def poster(ingest: Ingest) -> Iterator[Poster]:
    with Poster(ingest.url, ingest.authorization) as client:
        yield client


def events_of(kafka: str, topics: Topics) -> list[Stored]:
    return read_topic(kafka, topics.events.name)


def quarantine_of(kafka: str, topics: Topics) -> list[Stored]:
    return read_topic(kafka, topics.quarantine.name)


def digest(body: bytes | None) -> str:
    return sha256(body or b"").hexdigest()


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": ""},
        {"Content-Type": "text/plain; charset=utf-16"},
        {"Content-Type": "application/cloudevents+json"},
        {"Content-Encoding": "gzip"},
        {"Expect": "100-continue"},
    ],
)
def test_a_readable_body_is_stored_whatever_the_headers_call_it(
    kafka: str, topics: Topics, poster: Poster, headers: dict[str, str]
) -> None:
    body = an_event("auth0|1", "evt_1")

    assert poster.post(body, headers).status == 202
    assert [record.value for record in events_of(kafka, topics)] == [body]


def test_a_trace_goes_on_in_the_message(
    kafka: str, topics: Topics, poster: Poster
) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    poster.post(an_event("auth0|1", "evt_1"), {"traceparent": trace})

    (record,) = events_of(kafka, topics)
    assert record.headers["traceparent"] == trace


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer wrong", "Basic " + b64encode(b"a:b").decode(), "Bearer x y"],
)
def test_an_unknown_sender_is_refused_and_nothing_is_stored(
    kafka: str, topics: Topics, poster: Poster, authorization: str
) -> None:
    for body in (an_event("auth0|1", "evt_1"), b"garbage"):
        answer = poster.post(body, {"Authorization": authorization})
        assert answer.status == 401

    assert events_of(kafka, topics) == []
    assert quarantine_of(kafka, topics) == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/", 404),
        ("POST", "/webhooks/auth0/", 404),
        ("POST", "/metrics", 404),
        ("GET", "/livez", 404),
        ("GET", "/webhooks/auth0", 405),
        ("PUT", "/webhooks/auth0", 405),
        ("HEAD", "/webhooks/auth0", 405),
    ],
)
def test_nothing_but_the_webhook_is_served_in_public(
    poster: Poster, method: str, path: str, status: int
) -> None:
    assert poster.send(method, path, None).status == status


def test_a_body_of_the_largest_size_is_stored_and_a_larger_one_refused(
    kafka: str, topics: Topics, poster: Poster
) -> None:
    padding = random.Random(4).randbytes(BODY_BYTES_MAX // 2 - 200).hex()  # noqa: S311 -- must not compress
    body = an_event("auth0|1", "evt_1", x=padding)
    largest = body + b" " * (BODY_BYTES_MAX - len(body))
    assert len(body) <= len(largest) == BODY_BYTES_MAX

    stored = poster.post(largest)
    refused = poster.post(largest + b" ")

    assert (stored.status, refused.status) == (202, 413)
    assert [digest(r.value) for r in events_of(kafka, topics)] == [digest(largest)]


def test_two_posts_for_one_user_are_stored_in_their_order(
    kafka: str, topics: Topics, poster: Poster
) -> None:
    for number in range(20):
        poster.post(an_event("auth0|1", f"evt_{number}", "user.updated"))

    ids = [record.headers["event-id"] for record in events_of(kafka, topics)]
    assert ids == [f"evt_{number}" for number in range(20)]


def test_events_of_a_foreign_source_are_kept_aside(kafka: str, topics: Topics) -> None:
    accepted = "urn:auth0:acme.auth0.com"
    stranger = an_event("auth0|1", "evt_1").replace(b"acme", b"staging")
    sources = f"urn:auth0:b, {accepted}"

    with (
        running_ingest(
            kafka, topics.installation, KEEPSTEP_INGEST_SOURCES=sources
        ) as ingest,
        Poster(ingest.url, ingest.authorization) as poster,
    ):
        statuses = [
            poster.post(b).status for b in (stranger, an_event("auth0|1", "evt_2"))
        ]

    assert statuses == [202, 202]
    (kept,) = quarantine_of(kafka, topics)
    assert (kept.value, kept.headers["reason"]) == (stranger, "foreign_source")
    assert [r.headers["event-id"] for r in events_of(kafka, topics)] == ["evt_2"]


def test_secrets_are_rotated_without_a_restart(
    kafka: str, topics: Topics, tmp_path: Path
) -> None:
    old, new = "9e2f7c61a0b84d35e6f19c7d20a4b853", "41c8d0f6e7b2935a8c1d4e0f7a6b2953"
    path = tmp_path / "credentials.toml"
    path.write_text(f'basic = ["auth0:{old}"]\n[header]\nX-Key = ["{old}"]')
    basic = "Basic " + b64encode(f"auth0:{old}".encode()).decode()
    body = an_event("auth0|1", "evt_1")

    with (
        running_ingest(
            kafka,
            topics.installation,
            KEEPSTEP_INGEST_BEARER_TOKENS="",
            KEEPSTEP_INGEST_CREDENTIALS_FILE=str(path),
        ) as ingest,
        Poster(ingest.url, {}) as poster,
    ):
        by_basic = poster.post(body, {"Authorization": basic}).status
        by_header = poster.post(body, {"X-Key": old}).status
        path.write_text(f'bearer = ["{new}"]\n[header]\nX-Key = ["{old}"]')
        renewed = {"Authorization": f"Bearer {new}"}
        eventually(lambda: poster.post(body, renewed).status == 202)
        assert poster.post(body, {"Authorization": basic}).status == 401
        assert poster.post(body, {"X-Key": old}).status == 202

        path.write_text("bearer = [")
        eventually(lambda: "credentials_file" in ingest.admin("/readyz?verbose")[1])

        assert ingest.ready()
        assert poster.post(body, renewed).status == 202
        metrics = ingest.admin("/metrics")[1]

    assert (by_basic, by_header) == (202, 202)
    assert 'credential_uses_total{credential="file.header.x-key.1"}' in metrics
    assert old not in metrics + ingest.log
    assert new not in metrics + ingest.log


def test_readable_means_readable_to_the_workers(
    kafka: str, topics: Topics, poster: Poster
) -> None:
    odd = [b'{"type":"user.created","x":1e999}', b"{" * 5000, b'{"type":"\\ud800"}']

    assert {poster.post(body).status for body in odd} == {202}

    for record in quarantine_of(kafka, topics):
        with pytest.raises(UnreadableEvent):
            peek(record.value or b"")
    assert len(quarantine_of(kafka, topics)) == len(odd)


@pytest.mark.parametrize(
    "lines",
    [
        [b"Content-Length: 5", b"Transfer-Encoding: chunked"],
        [b"Content-Length: 5", b"Content-Length: 6"],
        [b"Content-Length: -5"],
        [b"Transfer-Encoding: chunked, identity"],
    ],
)
def test_a_body_whose_end_is_ambiguous_is_not_taken(
    kafka: str, topics: Topics, ingest: Ingest, lines: list[bytes]
) -> None:
    secret = ingest.secret.encode()
    head = [
        b"POST /webhooks/auth0 HTTP/1.1",
        b"Host: x",
        b"Authorization: Bearer " + secret,
    ]
    with socket.create_connection(("127.0.0.1", ingest.port), timeout=5.0) as client:
        client.sendall(b"\r\n".join([*head, *lines, b"", b"0\r\n\r\nX"]))

        assert client.recv(65536).startswith(b"HTTP/1.1 400")

    assert quarantine_of(kafka, topics) == []
    assert "ERROR" not in ingest.log.upper()

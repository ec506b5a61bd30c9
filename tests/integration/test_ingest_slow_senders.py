"""Slow, fat and silent clients: real sockets against the real process."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from events.topics import Topics
from tests.support.eventually import eventually
from tests.support.ingest import Ingest, running_ingest
from tests.support.posting import Poster, an_event
from tests.support.topics import read_topic

SECONDS_MAX = 1.0
SLACK_SECONDS = 1.5  # the sweep, and a machine that does other things, too
GROWTH_MIB_MAX = 12.0
CERTIFICATE, KEY = (
    Path(__file__).parents[1] / "payloads" / "tls" / name
    for name in ("certificate.pem", "key.pem")
)
EVENT = an_event("auth0|1", "evt_1")

pytestmark = [pytest.mark.kafka, pytest.mark.alone]


@pytest.fixture
def ingest(kafka: str, topics: Topics) -> Iterator[Ingest]:
    with running_ingest(
        kafka,
        topics.installation,
        KEEPSTEP_INGEST_HEADER_SECONDS_MAX=str(SECONDS_MAX),
        KEEPSTEP_INGEST_BODY_SECONDS_MAX=str(SECONDS_MAX),
        KEEPSTEP_INGEST_CONNECTIONS_MAX="200",
    ) as running:
        yield running


def head(ingest: Ingest, *lines: str, length: int | None = len(EVENT)) -> bytes:
    known = [
        "POST /webhooks/auth0 HTTP/1.1",
        "Host: localhost",
        f"Authorization: Bearer {ingest.secret}",
        *lines,
    ]
    if length is not None:
        known.append(f"Content-Length: {length}")
    return "\r\n".join([*known, "", ""]).encode()


def connect(ingest: Ingest) -> socket.socket:
    return socket.create_connection(("127.0.0.1", ingest.port), timeout=10.0)


def until_closed(client: socket.socket) -> bytes:
    """Return what comes until the other side closes."""
    received = bytearray()
    try:
        while chunk := client.recv(65536):
            received += chunk
    except ConnectionResetError:
        pass
    return bytes(received)


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"POST /webhooks/auth0 HT",
        b"POST /webhooks/auth0 HTTP/1.1\r\nHost: x\r\nX-Never-En",
    ],
)
def test_a_client_that_does_not_finish_its_header_is_hung_up_on(
    ingest: Ingest, sent: bytes
) -> None:
    with connect(ingest) as client:
        began = time.monotonic()
        client.sendall(sent)

        assert until_closed(client) == b""
        assert time.monotonic() - began < SECONDS_MAX + SLACK_SECONDS


def test_a_trickling_header_does_not_win_time(ingest: Ingest) -> None:
    began = time.monotonic()

    with connect(ingest) as client:
        client.settimeout(0.1)
        while not hung_up(client, b"X"):
            assert time.monotonic() - began < SECONDS_MAX + SLACK_SECONDS


@pytest.mark.parametrize("sent", [b"", EVENT[:50]])
def test_a_client_that_does_not_finish_its_body_is_hung_up_on_and_nothing_stored(
    kafka: str, topics: Topics, ingest: Ingest, sent: bytes
) -> None:
    with connect(ingest) as client:
        began = time.monotonic()
        client.sendall(head(ingest) + sent)

        assert until_closed(client) == b""
        assert time.monotonic() - began < SECONDS_MAX + SLACK_SECONDS

    assert read_topic(kafka, topics.events.name) == []
    assert read_topic(kafka, topics.quarantine.name) == []


def test_a_trickling_body_does_not_win_time(ingest: Ingest) -> None:
    began = time.monotonic()

    with connect(ingest) as client:
        client.sendall(head(ingest, length=100_000))
        client.settimeout(0.1)
        while not hung_up(client, b" "):
            assert time.monotonic() - began < SECONDS_MAX + SLACK_SECONDS


def test_a_second_slow_request_on_one_connection_is_hung_up_on_too(
    ingest: Ingest,
) -> None:
    with connect(ingest) as client:
        client.sendall(head(ingest) + EVENT)
        assert status_of(client.recv(65536)) == 202

        began = time.monotonic()
        client.sendall(b"POST /webhooks/auth0 HTTP/1.1\r\nHost: x\r\nX-Nev")

        assert until_closed(client) == b""
        assert time.monotonic() - began < SECONDS_MAX + SLACK_SECONDS


def test_an_idle_connection_outlives_the_deadlines(ingest: Ingest) -> None:
    with connect(ingest) as client, connect(ingest) as silent:
        client.sendall(head(ingest) + EVENT)
        assert status_of(client.recv(65536)) == 202

        until_closed(silent)  # a whole deadline goes by
        client.sendall(head(ingest) + EVENT)

        assert status_of(client.recv(65536)) == 202


@pytest.mark.parametrize("late", [b"", b"\r\n", b"GET"])
def test_a_connection_that_idles_too_long_is_hung_up_on_whatever_it_did_before(
    kafka: str, topics: Topics, late: bytes
) -> None:
    with (
        running_ingest(
            kafka,
            topics.installation,
            KEEPSTEP_INGEST_KEEP_ALIVE_SECONDS_MAX=str(SECONDS_MAX),
            KEEPSTEP_INGEST_HEADER_SECONDS_MAX=str(SECONDS_MAX),
        ) as ingest,
        connect(ingest) as client,
    ):
        refused = head(ingest).replace(ingest.secret.encode(), b"wrong")
        client.sendall(refused)
        assert status_of(client.recv(65536)) == 401
        began = time.monotonic()
        client.sendall(EVENT + late)

        assert until_closed(client) == b""
        assert time.monotonic() - began < SECONDS_MAX + SLACK_SECONDS


def test_a_wrong_secret_is_refused_before_the_body_comes(ingest: Ingest) -> None:
    with connect(ingest) as client:
        sent = head(ingest).replace(ingest.secret.encode(), b"wrong")
        client.sendall(sent)

        assert status_of(client.recv(65536)) == 401


def test_a_sender_that_leaves_in_its_body_leaves_nothing(
    kafka: str, topics: Topics, ingest: Ingest
) -> None:
    with connect(ingest) as client:
        client.sendall(head(ingest) + EVENT[:-1])
    eventually(lambda: "connections 0.0" in ingest.admin("/metrics")[1])

    assert read_topic(kafka, topics.events.name) == []
    assert read_topic(kafka, topics.quarantine.name) == []


def test_five_megabytes_are_refused_with_the_headers_alone(ingest: Ingest) -> None:
    with connect(ingest) as client:
        client.sendall(head(ingest, length=5 * 2**20))

        assert status_of(client.recv(65536)) == 413


def test_five_megabytes_in_chunks_are_refused_and_memory_stays_flat(
    ingest: Ingest,
) -> None:
    before = ingest.rss_mib
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"

    for _ in range(10):
        with connect(ingest) as client:
            client.sendall(
                head(ingest, "Transfer-Encoding: chunked", length=None) + chunk * 80
            )
            assert status_of(client.recv(65536)) == 413

    assert ingest.rss_mib - before < GROWTH_MIB_MAX


@pytest.mark.parametrize(
    "lines",
    [
        [f"X-Header-{number}: x" for number in range(5000)],
        ["X-Fat: " + "x" * 300_000],
    ],
    ids=["5000 headers", "300 kB header"],
)
def test_too_many_or_too_fat_headers_are_refused(
    ingest: Ingest, lines: list[str]
) -> None:
    before = ingest.rss_mib

    for _ in range(20):
        with connect(ingest) as client:
            try:
                client.sendall(head(ingest, *lines) + EVENT)
            except (BrokenPipeError, ConnectionResetError):
                continue
            assert until_closed(client)[9:12] in (b"431", b"")

    assert ingest.rss_mib - before < GROWTH_MIB_MAX
    with Poster(ingest.url, ingest.authorization) as poster:
        assert poster.post(EVENT).status == 202


def test_more_connections_than_allowed_are_turned_away_until_there_is_room(
    ingest: Ingest,
) -> None:
    before = ingest.rss_mib
    with ExitStack() as stack:
        for _ in range(200):
            stack.enter_context(connect(ingest))
        eventually(lambda: "connections 200.0" in ingest.admin("/metrics")[1])

        with Poster(ingest.url, ingest.authorization) as poster:
            assert poster.post(EVENT).status in (0, 503)
            # The silent ones are hung up on at their deadline.
            eventually(lambda: poster.post(EVENT).status == 202, 5.0)

    assert ingest.rss_mib - before < GROWTH_MIB_MAX


def test_tls_is_served_and_a_stalled_handshake_is_hung_up_on(
    kafka: str, topics: Topics
) -> None:
    with running_ingest(
        kafka,
        topics.installation,
        KEEPSTEP_INGEST_TLS_CERTIFICATE_FILE=str(CERTIFICATE),
        KEEPSTEP_INGEST_TLS_KEY_FILE=str(KEY),
        KEEPSTEP_INGEST_HEADER_SECONDS_MAX=str(SECONDS_MAX),
    ) as ingest:
        tls = ssl.create_default_context(cafile=str(CERTIFICATE))
        with Poster(ingest.url, ingest.authorization, tls=tls) as poster:
            status = poster.post(EVENT).status
        with connect(ingest) as client:
            began = time.monotonic()
            until_closed(client)
            waited = time.monotonic() - began

    assert status == 202
    assert waited < SECONDS_MAX + SLACK_SECONDS


def hung_up(client: socket.socket, drop: bytes) -> bool:
    """Send one more *drop*; whether the other side has closed meanwhile."""
    try:
        client.sendall(drop)
        return client.recv(1) == b""
    except TimeoutError:
        return False
    except (BrokenPipeError, ConnectionResetError):
        return True

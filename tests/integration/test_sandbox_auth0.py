"""The Auth0 sandbox against a real HTTP server; the command as a real process.

The waits between attempts are shortened, by the value that production leaves alone.
"""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from aiohttp import web

from sandbox.auth0.delivery import Delivery, Event
from sandbox.auth0.sender import Pace, deliver
from sandbox.auth0.target import Target
from sandbox.auth0.users import Population, generate
from tests.support.sandbox_crm import ROOT

FAST = Pace(attempt_waits_seconds=(0.0, 0.01, 0.02, 0.04))


@dataclass
class Receiver:
    """A webhook that answers what a test tells it to."""

    url: str = ""
    answer: Callable[[bytes], int] = lambda _: 202
    delay_seconds: float = 0.0
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    in_flight: int = 0
    in_flight_max: int = 0

    async def receive(self, request: web.Request) -> web.Response:
        self.in_flight += 1
        self.in_flight_max = max(self.in_flight_max, self.in_flight)
        try:
            body = await request.read()
            self.bodies.append(body)
            self.headers.append(dict(request.headers))
            await asyncio.sleep(self.delay_seconds)
            status = self.answer(body)
        finally:
            self.in_flight -= 1
        if status == 0 and request.transport is not None:
            request.transport.abort()
            return web.Response()
        headers = {"Location": "/elsewhere"} if status == 302 else {}
        return web.Response(status=status, headers=headers)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    application = web.Application()
    application.router.add_post("/webhooks/auth0", receiver.receive)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/webhooks/auth0"
    yield receiver
    await runner.cleanup()


def an_event(number: int, user_id: str = "u1") -> Event:
    return Event(f"e{number}", user_id, f'{{"number":{number}}}'.encode())


def answers(*statuses: int) -> Callable[[bytes], int]:
    """Answer these statuses one after another, then 202 for ever."""
    remaining = iter(statuses)
    return lambda _: next(remaining, 202)


async def test_an_event_arrives_byte_for_byte_with_its_credential(
    receiver: Receiver,
) -> None:
    body = '{ "id":"e1",\n "name":"Zoë 🙂"}'.encode()

    report = await deliver(
        [Event("e1", "u1", body)], Target.bearer(receiver.url, "t0ken"), FAST
    )

    assert report.all_delivered
    assert receiver.bodies == [body]
    assert receiver.headers[0]["Authorization"] == "Bearer t0ken"
    assert receiver.headers[0]["Content-Type"] == "application/json"


@pytest.mark.parametrize("status", [500, 503, 302, 0])
async def test_what_is_neither_2xx_nor_4xx_is_tried_four_times(
    receiver: Receiver, status: int
) -> None:
    receiver.answer = answers(*[status] * 4)
    ended: list[Delivery] = []

    report = await deliver(
        [an_event(1)], Target(receiver.url), FAST, on_delivery=ended.append
    )

    assert len(receiver.bodies) == 4
    assert (report.delivered, report.failed, report.attempts) == (0, 1, 4)
    at = [attempt.at.timestamp() for attempt in ended[0].attempts]
    gaps = [later - earlier for earlier, later in pairwise(at)]
    assert all(gap >= wait for gap, wait in zip(gaps, (0.01, 0.02, 0.04), strict=True))


async def test_an_event_that_is_taken_at_last_is_delivered(receiver: Receiver) -> None:
    receiver.answer = answers(503, 0, 500)

    report = await deliver([an_event(1)], Target(receiver.url), FAST)

    assert report.all_delivered
    assert report.attempts == 4


@pytest.mark.parametrize("status", [400, 401, 409, 429])
async def test_any_4xx_ends_an_event_at_once(receiver: Receiver, status: int) -> None:
    receiver.answer = answers(status)

    report = await deliver([an_event(1), an_event(2)], Target(receiver.url), FAST)

    assert len(receiver.bodies) == 2
    assert report.failures == {str(status): 1}
    assert report.delivered == 1


async def test_an_answer_that_is_late_counts_as_none(receiver: Receiver) -> None:
    receiver.delay_seconds = 0.3
    pace = Pace(attempt_waits_seconds=(0.0, 0.0), timeout_seconds=0.05)

    report = await deliver([an_event(1)], Target(receiver.url), pace)

    assert report.failures == {"timeout": 1}
    assert report.attempts == 2


async def test_a_receiver_that_is_not_there_fails_the_event() -> None:
    report = await deliver([an_event(1)], Target("http://127.0.0.1:1/"), FAST)

    assert report.failures == {"ClientConnectorError": 1}
    assert report.attempts == 4


async def test_events_of_a_user_stay_in_order_while_other_users_go_on(
    receiver: Receiver,
) -> None:
    failing = {b'{"number":0}': 2, b'{"number":8}': 4}

    def answer(body: bytes) -> int:
        failing[body] = failing.get(body, 0) - 1
        return 503 if failing[body] >= 0 else 202

    receiver.answer = answer
    events = [an_event(number, f"u{number % 4}") for number in range(40)]

    report = await deliver(events, Target(receiver.url), FAST)

    assert (report.delivered, report.failed) == (39, 1)
    seen = [msgspec.json.decode(body)["number"] for body in receiver.bodies]
    for user in range(4):
        own = [number for number in seen if number % 4 == user]
        assert own == sorted(own)
    assert seen.index(39) < len(seen) - 1, "the others had to wait for user 0"


async def test_never_more_connections_than_allowed_and_never_two_for_a_user(
    receiver: Receiver,
) -> None:
    receiver.delay_seconds = 0.01
    events = [an_event(number, f"u{number}") for number in range(40)]

    await deliver(events, Target(receiver.url), Pace(connections=5))
    many_users = receiver.in_flight_max
    receiver.in_flight_max = 0
    await deliver(events[:1] * 10, Target(receiver.url), Pace(connections=5))

    assert many_users == 5
    assert receiver.in_flight_max == 1


async def test_the_rate_is_kept_although_the_receiver_is_slow(
    receiver: Receiver,
) -> None:
    receiver.delay_seconds = 0.2
    events = [an_event(number, f"u{number}") for number in range(50)]
    pace = Pace(events_per_second=200.0, connections=50)

    report = await deliver(events, Target(receiver.url), pace)

    # The last is due at 49 / 200 s and answered 0.2 s later.
    assert report.all_delivered
    assert 0.44 < report.seconds < 1.5


async def test_the_source_waits_while_too_many_events_are_under_way(
    receiver: Receiver,
) -> None:
    receiver.delay_seconds = 0.005
    ended: list[Delivery] = []
    ahead = 0

    def source() -> Iterator[Event]:
        nonlocal ahead
        for number in range(100):
            ahead = max(ahead, number - len(ended))
            yield an_event(number, f"u{number}")

    pace = Pace(waiting_events_max=10)
    await deliver(source(), Target(receiver.url), pace, on_delivery=ended.append)

    assert len(ended) == 100
    assert ahead <= 11


async def test_the_stream_is_disabled_after_too_many_failures_in_a_row(
    receiver: Receiver,
) -> None:
    receiver.answer = answers(*[401] * 30)
    events = [an_event(number, f"u{number}") for number in range(100)]
    pace = Pace(connections=1, failures_in_a_row_max=20, waiting_events_max=30)

    report = await deliver(events, Target(receiver.url), pace)

    assert report.disabled
    assert report.failures == {"401": 20}
    assert report.unsent == 80
    assert not report.all_delivered


async def test_a_stop_ends_waits_and_counts_what_was_not_sent(
    receiver: Receiver,
) -> None:
    stop = asyncio.Event()

    def answer(_: bytes) -> int:
        stop.set()
        return 503

    receiver.answer = answer
    pace = Pace(attempt_waits_seconds=(0.0, 60.0))

    began = time.monotonic()
    report = await deliver(
        [an_event(number) for number in range(5)],
        Target(receiver.url),
        pace,
        stop=stop,
    )

    assert time.monotonic() - began < 5.0
    assert (report.failed, report.unsent, report.disabled) == (1, 4, False)


async def test_two_thousand_events_a_second_can_be_sent(receiver: Receiver) -> None:
    population = Population(users=500, events=2000, events_per_second=2000)

    began = time.process_time()
    report = await deliver(generate(population), Target(receiver.url))

    # The receiver's work, about as much again, is in this figure too.
    assert report.delivered == 2000
    assert time.process_time() - began < 3.0


async def run_command(*arguments: str, **environment: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sandbox.auth0", *arguments),
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    async with asyncio.timeout(30):
        output, errors = await process.communicate()
    return process.returncode or 0, output.decode(), errors.decode()


async def test_the_command_sends_generated_events_and_records_each(
    receiver: Receiver, tmp_path: Path
) -> None:
    record = tmp_path / "record.ndjson"

    code, output, _ = await run_command(
        *(receiver.url, "--events", "200", "--users", "20", "--rate", "2000"),
        *("--seed", "7", "--duplicates", "0.1", "--record", str(record)),
        KEEPSTEP_SANDBOX_AUTH0_BASIC="auth0:s3cret",
    )

    lines = [msgspec.json.decode(line) for line in record.read_bytes().splitlines()]
    assert code == 0
    assert f"delivered  {len(lines)}" in output
    assert receiver.headers[0]["Authorization"].startswith("Basic ")
    assert len({line["event_id"] for line in lines}) == 200
    assert len(lines) > 200
    assert all(line["delivered"] and line["status"] == 202 for line in lines)
    received = Counter(sha256(body).hexdigest() for body in receiver.bodies)
    assert received == Counter(line["sha256"] for line in lines)


async def test_the_command_sends_files_and_fails_when_one_is_refused(
    receiver: Receiver, tmp_path: Path
) -> None:
    body = b'{"id": "e1", "type": "t", "data": {"object": {"user_id": "u"}}}\n'
    (tmp_path / "one.json").write_bytes(body)
    receiver.answer = answers(403)

    refused, output, _ = await run_command(receiver.url, str(tmp_path))
    taken, _, _ = await run_command(receiver.url, str(tmp_path), "--header", "X-K=v")

    assert (refused, taken) == (1, 0)
    assert "403: 1" in output
    assert receiver.bodies == [body, body]
    assert receiver.headers[1]["X-K"] == "v"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["not-a-url"], "http://"),
        (["http://127.0.0.1:1/", "no-such-file.json"], "no-such-file.json"),
        (["http://127.0.0.1:1/", "pyproject.toml"], "not JSON"),
        (["http://127.0.0.1:1/", "--bearer", "a", "--basic", "b:c"], "give one of"),
        (["http://127.0.0.1:1/", "--record", "no-such-dir/record"], "no-such-dir"),
        (["http://127.0.0.1:1/", "--duplicates", "2"], "--duplicates"),
    ],
)
async def test_wrong_use_is_said_and_ends_with_2(
    arguments: list[str], reason: str
) -> None:
    code, _, errors = await run_command(*arguments)

    assert code == 2
    assert reason in errors
    assert "Traceback" not in errors


async def test_an_interrupted_command_still_reports(receiver: Receiver) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sandbox.auth0", receiver.url, "--rate", "5"),
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(20):
            while not receiver.bodies:  # noqa: ASYNC110 - the condition is the server's
                await asyncio.sleep(0.02)
            process.send_signal(signal.SIGINT)
            output, _ = await process.communicate()
    finally:
        with suppress(ProcessLookupError):
            process.kill()

    assert process.returncode == 1
    assert b"not sent" in output

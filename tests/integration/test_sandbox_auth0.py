"""The Auth0 sandbox against a real HTTP server; the command as a real process.

The waits between attempts are shortened, by the value that production leaves alone.
"""

import asyncio
import time
from collections.abc import Iterator
from itertools import pairwise

import msgspec
import pytest

from sandbox.auth0.delivery import Delivery, Event
from sandbox.auth0.sender import Pace, deliver
from sandbox.auth0.target import Target
from sandbox.auth0.users import Population, generate
from tests.support.receiver import Receiver, an_event, answers, receiver

__all__ = ["receiver"]
FAST = Pace(attempt_waits_seconds=(0.0, 0.01, 0.02, 0.04))


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


async def test_two_thousand_events_of_many_users_all_arrive(
    receiver: Receiver,
) -> None:
    population = Population(users=500, events=2000, events_per_second=2000)

    report = await deliver(generate(population), Target(receiver.url))

    assert report.delivered == len(receiver.bodies) == 2000

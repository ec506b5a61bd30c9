"""The generator of the Auth0 sandbox: plain functions, no network."""

import re
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from sandbox.auth0.delivery import Event
from sandbox.auth0.rfc3339 import rfc3339
from sandbox.auth0.users import Population, generate

STARTED_AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
POPULATION = Population(
    users=200, events=5000, seed=7, events_per_second=2000, started_at=STARTED_AT
)


@pytest.fixture(scope="module")
def events() -> list[Event]:
    return list(generate(POPULATION))


def parsed(event: Event) -> dict[str, Any]:
    return dict(msgspec.json.decode(event.body))


def subject(event: Event) -> dict[str, Any]:
    return dict(parsed(event)["data"]["object"])


def test_each_event_is_a_cloud_event_with_an_id_of_its_own(
    events: list[Event],
) -> None:
    assert len({event.id for event in events}) == len(events) == 5000
    for event in events:
        envelope = parsed(event)
        assert re.fullmatch(r"evt_[A-Za-z0-9]{22}", event.id)
        assert envelope["id"] == event.id
        assert envelope["specversion"] == "1.0"
        assert envelope["data"]["object"]["user_id"] == event.user_id
        assert re.fullmatch(r"est_[A-Za-z0-9]{22}", envelope["a0stream"])


def test_equal_populations_generate_equal_bytes(events: list[Event]) -> None:
    assert list(generate(POPULATION)) == events


def test_another_seed_generates_other_events(events: list[Event]) -> None:
    other = Population(users=200, events=50, seed=8, started_at=STARTED_AT)

    assert {event.id for event in generate(other)}.isdisjoint(
        event.id for event in events
    )


def test_a_user_is_created_first_and_deleted_last(events: list[Event]) -> None:
    types = defaultdict(list)
    for event in events:
        types[event.user_id].append(parsed(event)["type"])

    for lived in types.values():
        assert lived[0] == "user.created"
        assert "user.created" not in lived[1:]
        assert "user.deleted" not in lived[:-1]
    assert {one for lived in types.values() for one in lived} == {
        "user.created",
        "user.updated",
        "user.deleted",
    }


def test_times_grow_for_each_user_and_have_any_number_of_fraction_digits(
    events: list[Event],
) -> None:
    last: dict[str, tuple[datetime, datetime]] = {}
    digits = Counter[int]()
    for event in events:
        told = parsed(event)
        updated_at = told["data"]["object"]["updated_at"]
        times = tuple(map(datetime.fromisoformat, (told["time"], updated_at)))
        before = last.get(event.user_id)
        assert before is None or (times[0] > before[0] and times[1] > before[1])
        assert timedelta(0) < times[0] - times[1] < timedelta(milliseconds=50)
        last[event.user_id] = (times[0], times[1])
        digits[len(told["time"].partition(".")[2].rstrip("Z"))] += 1

    assert set(digits) == {0, 1, 2, 3}


def test_updates_come_whole_and_partial(events: list[Event]) -> None:
    updates = [one for one in events if parsed(one)["type"] == "user.updated"]
    partial = [one for one in updates if "identities" not in subject(one)]

    assert 0.25 < len(partial) / len(updates) < 0.35
    assert any("email" not in subject(one) for one in partial)
    whole = [len(one.body) for one in updates if "identities" in subject(one)]
    assert 1200 < sum(whole) / len(whole) < 1400


def test_a_few_users_are_busy_and_with_zipf_zero_all_are_alike() -> None:
    def share_of_the_busiest(zipf: float) -> float:
        population = Population(users=100, events=5000, zipf=zipf)
        busy = Counter(one.user_id for one in generate(population))
        return sum(count for _, count in busy.most_common(10)) / 5000

    assert share_of_the_busiest(1.1) > 4 * share_of_the_busiest(0.0)


def test_all_people_are_invented(events: list[Event]) -> None:
    for event in events:
        told = subject(event)
        assert told.get("email", "@example.com").endswith("@example.com")
        assert re.fullmatch(
            r"\+1\d{3}55501\d\d", told.get("phone_number", "+12015550100")
        )


def test_duplicates_are_the_same_bytes_again() -> None:
    population = Population(users=50, events=1000, duplicates=0.1)

    sent = Counter(generate(population))

    assert len(sent) == 1000
    assert 70 < sum(sent.values()) - 1000 < 130


@pytest.mark.parametrize(
    ("microsecond", "text"),
    [(0, "05Z"), (900_000, "05.9Z"), (960_000, "05.96Z"), (7_999, "05.007Z")],
)
def test_a_time_has_only_the_digits_it_needs(microsecond: int, text: str) -> None:
    moment = STARTED_AT.replace(microsecond=microsecond)

    assert rfc3339(moment) == f"2026-01-02T03:04:{text}"

"""`keepstep review`: what waits for a person is listed, and decided.

Real: Kafka, ingest, the worker, the CRM and the command line. Every test has users of
its own, and leaves nothing open.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from tests.support.eventually import eventually
from tests.support.operating import Console, Done
from tests.support.pipeline import Pipeline, running_pipeline
from tests.support.user_events import user_event
from tests.support.worker import hasty

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]


@dataclass
class Desk:
    """The running system, and a person who decides."""

    pipeline: Pipeline
    console: Console

    def review(self, *arguments: str) -> Done:
        """Run `keepstep review`."""
        command, *more = arguments
        return self.console.keepstep("review", command, "crm", *more)

    def open_item(self, user: str, waiting: int = 1) -> dict[str, Any] | None:
        """Return the user's open item, if so many events wait there."""
        found = [i for i in self.review("list", "--json").json if i["user"] == user]
        return found[0] if [i["waiting"] for i in found] == [waiting] else None

    def send(self, user: str, kind: str, **profile: Any) -> str:
        """Send an event of the user; return its id."""
        event = user_event(user.removeprefix("auth0|"), kind, **profile)
        assert self.pipeline.send(event) == 202
        return str(event["id"])

    def waits(self, user: str, kind: str = "updated", **profile: Any) -> str:
        """Send an event that must wait for a person; return its id."""
        event_id = self.send(user, kind, **profile)
        eventually(lambda: self.open_item(user))
        return event_id

    def end(self, event_id: str) -> str:
        """Return how the event ended."""
        outcome = self.pipeline.outcome_of(event_id)
        return str(outcome["action"] or outcome["outcome"])

    def contacts(self, user: str) -> list[dict[str, Any]]:
        """Return the contacts with the user's address."""
        return self.pipeline.crm.contacts(email=mail(user))

    def commands_left(self) -> int:
        """Return how many orders are not carried out."""
        [told] = self.console.keepstep("status", "crm", "--json").json
        return sum(one["commands"] for one in told["partitions"])


def mail(user: str) -> str:
    return f"{user.removeprefix('auth0|')}@example.com"


@pytest.fixture(scope="module")
def desk(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    directory, installation = tmp_path_factory.mktemp("desk"), f"t{uuid4().hex[:12]}"
    console = Console(kafka, installation, directory)
    console.env["KEEPSTEP_WORKER_DESTINATIONS_DIR"] = hasty(directory)
    with running_pipeline(kafka, installation, directory) as pipeline:
        yield Desk(pipeline, console)


@pytest.fixture
def user(desk: Desk) -> Iterator[str]:
    """A user_id that no other test has; nothing of the user is left open."""
    made = f"auth0|{uuid4().hex[:12]}"
    yield made
    desk.pipeline.crm.put_faults()
    desk.review("ignore", made)


# ---- list


def test_the_list_shows_one_open_item_for_each_user(desk: Desk, user: str) -> None:
    other = f"{user}-2"
    desk.waits(user)
    desk.send(user, "updated", name="Ann", email=None)
    desk.pipeline.crm.add(email=mail(other), auth0_user_id="auth0|somebody")
    desk.waits(other, "created")
    first = eventually(lambda: desk.open_item(user, waiting=2))
    assert first is not None

    shown = desk.review("list")
    desk.review("ignore", other)

    assert shown.table[0] == ["user", "reason", "since", "event", "type", "events"]
    rows = {line[0]: line[1:] for line in shown.table}
    assert rows[user] == ["unmatched", first["since"], "user.updated", "2"]
    assert [*rows[other][:1], *rows[other][2:]] == ["ambiguous", "user.created", "1"]
    assert shown.out.splitlines()[-1] == "2 open: 1 unmatched, 1 ambiguous"


# ---- create


def test_a_record_is_created_where_nobody_was_found(desk: Desk, user: str) -> None:
    event_id = desk.waits(user, name="Ann")

    done = desk.review("create", user)

    [contact] = desk.contacts(user)
    assert done.code == 0, done.err + done.out
    assert done.out.splitlines() == [
        "sent: create a record, open until now: unmatched",
        f"done: the user's record is {contact['id']}",
    ]
    assert (contact["name"], contact["auth0_user_id"]) == ("Ann", user)
    assert desk.end(event_id) == "created"
    assert desk.open_item(user) is None


def test_a_record_is_created_beside_one_that_is_somebody_else_s(
    desk: Desk, user: str
) -> None:
    crm = desk.pipeline.crm
    hers = crm.add(email=mail(user), auth0_user_id="auth0|other", name="Other")
    desk.waits(user, name="Ann")

    done = desk.review("create", user)

    assert done.code == 0, done.err + done.out
    assert crm.contact(hers["id"]) == hers
    [own] = crm.contacts(auth0_user_id=user)
    assert own["name"] == "Ann"


def test_a_record_that_is_gone_is_created_anew(desk: Desk, user: str) -> None:
    lost = desk.pipeline.outcome_of(desk.send(user, "created"))["record_id"]
    desk.pipeline.crm.call("DELETE", f"/contacts/{lost}")
    desk.waits(user, name="Ann", email=mail(user))

    done = desk.review("create", user)
    later = desk.send(user, "updated", phone_number="+1")

    assert done.code == 0, done.err + done.out
    assert desk.end(later) == "updated"
    [contact] = desk.contacts(user)
    assert contact["id"] != lost
    assert (contact["name"], contact["phone"]) == ("Ann", "+1")


def test_an_order_waits_for_a_worker_and_makes_one_record(
    desk: Desk, user: str
) -> None:
    event_id = desk.waits(user)
    desk.pipeline.worker.kill()

    orders = [desk.review("create", user, "--no-wait") for _ in range(2)]
    late = desk.review("create", user)
    desk.pipeline.worker.start()

    assert [done.code for done in (*orders, late)] == [0, 0, 1]
    assert "not done within 5 s" in late.out
    assert desk.end(event_id) == "created"
    eventually(lambda: desk.commands_left() == 0)
    desk.pipeline.worker.kill()
    desk.pipeline.worker.start()
    assert desk.end(desk.send(user, "updated", name="Ann")) == "updated"
    assert len(desk.contacts(user)) == 1


def test_an_order_outlives_a_crash_between_it_and_the_call(
    desk: Desk, user: str
) -> None:
    event_id = desk.waits(user)
    desk.pipeline.crm.put_faults({"kind": "drop_before", "method": "POST"})
    desk.review("create", user, "--no-wait")
    eventually(lambda: desk.pipeline.crm.faults()[0]["struck"])

    desk.pipeline.worker.kill()
    desk.pipeline.crm.put_faults()
    desk.pipeline.worker.start()

    assert desk.end(event_id) == "created"
    assert len(desk.contacts(user)) == 1


# ---- link, ignore


def test_the_record_that_is_named_gets_what_waited(desk: Desk, user: str) -> None:
    event_id = desk.waits(user, name="Ann")
    record = desk.pipeline.crm.add(email="old@example.com")

    done = desk.review("link", user, record["id"])

    assert (done.code, done.out) == (0, "sent\ndone\n"), done.err
    assert desk.end(event_id) == "updated"
    assert [contact["id"] for contact in desk.contacts(user)] == [record["id"]]
    assert desk.open_item(user) is None


def test_all_that_waits_of_a_user_is_ignored_without_a_call(
    desk: Desk, user: str
) -> None:
    first = desk.waits(user, name="Ann", phone_number="+1")
    second = desk.send(user, "updated", name="Anne", email=None)
    eventually(lambda: desk.open_item(user, waiting=2))
    effects = len(desk.pipeline.crm.effects())

    done = desk.review("ignore", user, "--reason", "a tester")

    assert done.code == 0, done.err + done.out
    assert done.out.splitlines() == [
        "sent: ignore 2 events, open until now: unmatched",
        "done",
    ]
    for event_id in (first, second):
        outcome = desk.pipeline.outcome_of(event_id)
        assert (outcome["outcome"], outcome["reason"]) == ("ignored", "a tester")
    assert len(desk.pipeline.crm.effects()) == effects
    assert desk.open_item(user) is None


# ---- refused


@pytest.mark.parametrize("decision", [("create",), ("link", "c_1"), ("ignore",)])
def test_a_decision_about_nothing_that_is_open_is_refused_without_naming_the_user(
    desk: Desk, user: str, decision: tuple[str, ...]
) -> None:
    command, *more = decision

    done = desk.review(command, user, *more)

    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert "nothing of this user waits for a person at crm" in done.err
    assert user not in done.err

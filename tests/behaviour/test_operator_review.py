"""`keepstep review` on a real Kafka: what it lists, sends, refuses and waits for.

Real: the broker, the command line. The topics are filled by the test in the formats
that workers read and write; no worker runs.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from processors.destination_file import shipped
from tests.support.eventually import eventually
from tests.support.operating import TOPIC_REF, Desk, Done, partition_of

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]
ANN, BEA, CEM = "auth0|ann", "auth0|bea", "auth0|cem"
SINCE = "2025-06-01T12:00:00.000+00:00"
BY_USER_ID = '\nuser_id_field = "auth0_user_id"\n'


@pytest.fixture
def desk(kafka: str, installation: str, tmp_path: Path) -> Desk:
    return Desk(kafka, installation, tmp_path)


def review(desk: Desk, command: str, *more: str) -> Done:
    desk.flush()
    return desk.keepstep("review", command, "crm", *more)


# ---- list


def test_only_what_waits_for_a_person_is_listed_the_longest_first(desk: Desk) -> None:
    desk.park(ANN, 17, state="review", reason="gone")
    desk.park(ANN, 18)
    old = "2025-05-01T12:00:00.000+00:00"
    desk.park(BEA, 4, state="review", reason="unmatched", first_failed_at=old)
    desk.park(CEM, 5, state="held", reason="HTTP 422")
    desk.park("auth0|dan", 6, state="grace", reason="deletion")
    desk.park("auth0|eve", 7, state="review", reason="unmatched")
    desk.unpark("auth0|eve", 7)

    shown = review(desk, "list")
    told = review(desk, "list", "--json")

    assert [line[:1] for line in shown.table[1:3]] == [[BEA], [ANN]]
    assert shown.table[2] == [ANN, "gone", SINCE, "user.updated", "2"]
    assert shown.out.splitlines()[-1] == "2 open: 1 unmatched, 1 gone"
    assert told.json[1] == {
        "user": ANN,
        "partition": partition_of(ANN),
        "offset": 17,
        "reason": "gone",
        "since": SINCE,
        "event_type": "user.updated",
        "waiting": 2,
    }


def test_where_nothing_waits_for_a_person_the_list_says_so(desk: Desk) -> None:
    desk.park(ANN, 17, state="held")

    assert review(desk, "list").out == "nothing waits for a person\n"
    assert review(desk, "list", "--json").out == ""


# ---- what is sent


def test_an_order_to_create_names_the_event_that_is_open(desk: Desk) -> None:
    desk.park(ANN, 17, state="review", reason="ambiguous")
    desk.park(ANN, 18)

    done = review(desk, "create", ANN, "--no-wait")

    assert done.code == 0, done.err
    [(partition, key, value)] = desk.commands()
    assert (partition, key) == (partition_of(ANN), ANN.encode())
    assert value.pop("at").endswith("+00:00")
    expected = {"format": 1, "command": "create", "offset": 17, "topic": TOPIC_REF}
    assert value == expected


def test_to_ignore_skips_all_that_waits_of_the_user_the_newest_first(
    desk: Desk,
) -> None:
    desk.park(ANN, 17, state="review", reason="unmatched")
    desk.park(ANN, 18)
    desk.park(BEA, 19, state="review", reason="unmatched")

    done = review(desk, "ignore", ANN, "--reason", "a tester", "--no-wait")

    assert done.code == 0, done.err
    sent = [(key, value) for _, key, value in desk.commands()]
    assert [key for key, _ in sent] == [ANN.encode()] * 2
    assert [(one["command"], one["offset"]) for _, one in sent] == [
        ("skip", 18),
        ("skip", 17),
    ]
    assert {one["reason"] for _, one in sent} == {"a tester"}


def test_to_link_is_what_the_command_link_does(desk: Desk) -> None:
    desk.park(ANN, 17, state="review", reason="unmatched")

    done = review(desk, "link", ANN, "c_1", "--no-wait")

    assert done.code == 0, done.err
    sent = [value for _, _, value in desk.commands()]
    assert [one["command"] for one in sent] == ["link", "retry"]
    assert sent[0]["record"] == "c_1"


# ---- what is refused


@pytest.mark.parametrize(
    ("command", "reason", "event_type", "said"),
    [
        ("create", "mass_deactivation", "user.deleted", "keepstep deactivations"),
        ("create", "hint_conflict", "user.updated", "keepstep review link"),
        ("create", "merged", "user.deleted", "keepstep review ignore"),
        ("create", "unmatched", "user.deleted", "the user was deleted"),
        ("link c_1", "mass_deactivation", "user.deleted", "keepstep deactivations"),
        ("link c_1", "merged", "user.deleted", "keepstep review ignore"),
        ("link a/b", "unmatched", "user.updated", "'a/b' is no id of a record"),
    ],
)
def test_a_decision_that_settles_nothing_is_refused_with_what_helps(
    desk: Desk, command: str, reason: str, event_type: str, said: str
) -> None:
    desk.park(ANN, 17, state="review", reason=reason, event_type=event_type)
    name, *record = command.split()

    done = review(desk, name, ANN, *record)

    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert said in done.err
    assert ANN not in done.err
    assert desk.commands() == []


@pytest.mark.parametrize("reason", ["ambiguous", "unverified"])
def test_no_record_is_ordered_that_the_destination_could_not_tell_from_others(
    desk: Desk, reason: str
) -> None:
    text = (shipped() / "crm.toml").read_text().replace(BY_USER_ID, "\n")
    start, end = text.index("[requests.find_by"), text.index("[requests.fetch]")
    (desk.directory / "crm.toml").write_text(text[:start] + text[end:])
    desk.env["KEEPSTEP_WORKER_DESTINATIONS_DIR"] = str(desk.directory)
    desk.park(ANN, 17, state="review", reason=reason)

    done = review(desk, "create", ANN)

    assert done.code == 2
    assert "say whose it is with `keepstep review link`" in done.err
    assert desk.commands() == []


def test_what_waits_in_another_state_is_no_open_item(desk: Desk) -> None:
    desk.park(ANN, 17, state="held")

    done = review(desk, "ignore", ANN)

    assert done.code == 2
    assert "nothing of this user waits for a person at crm" in done.err


# ---- what is waited for


def test_an_item_that_stays_open_ends_the_command_with_1(desk: Desk) -> None:
    desk.park(ANN, 17, state="review", reason="unmatched")
    desk.flush()

    with desk.started("review", "create", "crm", ANN) as running:
        eventually(desk.commands)
        desk.park(ANN, 17, state="waiting")
        desk.park(ANN, 17, state="review", reason="ambiguous")
        desk.flush()
        done = running.finish()

    assert done.code == 1, done.err
    said = "no record was made, it is open still: ambiguous"
    assert done.out.splitlines()[-1] == said


def test_an_event_that_ends_without_a_record_ends_the_command_with_1(
    desk: Desk,
) -> None:
    desk.park(ANN, 17, state="review", reason="unmatched")
    desk.flush()

    with desk.started("review", "create", "crm", ANN) as running:
        eventually(desk.commands)
        desk.unpark(ANN, 17)
        desk.flush()
        done = running.finish()

    assert done.code == 1, done.err
    assert "it waits no more, and the user has no record" in done.out


@pytest.mark.parametrize(("record", "said"), [("c_9", "c_9"), ("@observed", "would")])
def test_the_new_record_is_named_as_soon_as_it_is_durable(
    desk: Desk, record: str, said: str
) -> None:
    desk.park(ANN, 17, state="review", reason="unmatched")
    desk.flush()

    with desk.started("review", "create", "crm", ANN) as running:
        eventually(desk.commands)
        desk.link(ANN.encode(), {"taken": 17, "id": record}, partition_of(ANN))
        desk.unpark(ANN, 17)
        desk.flush()
        done = running.finish()

    assert done.code == 0, done.err
    assert done.out.splitlines()[-1].startswith("done: ")
    assert said in done.out.splitlines()[-1]


def test_an_order_that_no_worker_carries_out_in_time_ends_with_1(desk: Desk) -> None:
    desk.park(ANN, 17, state="review", reason="unmatched")

    done = review(desk, "create", ANN)

    assert done.code == 1
    assert "not done within 5 s: a worker does it" in done.out


def test_a_creation_that_has_to_be_tried_again_says_when(desk: Desk) -> None:
    desk.park(ANN, 17, state="review", reason="unmatched")
    desk.flush()

    with desk.started("review", "create", "crm", ANN) as running:
        eventually(desk.commands)
        desk.park(ANN, 17, attempt=2, not_before="2030-01-01T00:00:00.000+00:00")
        desk.flush()
        done = running.finish()

    assert done.code == 1, done.err
    assert "it is in state waiting now, 2 attempts made, due 2030" in done.out

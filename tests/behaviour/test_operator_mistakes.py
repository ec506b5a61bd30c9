"""What the operator's commands say when something is wrong, and how they end.

Real: the command line; a broker, a frozen broker, or none.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from console.operate.reader import Reader
from console.operate.sending import send
from events import admin
from events.exits import BrokerUnreachable
from events.kafka import KafkaSettings
from events.publisher import Message
from events.topics import Topics
from tests.support.broker import own_broker
from tests.support.eventually import eventually
from tests.support.operating import Console

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]
ANN = "auth0|ann"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["parked", "nope"], "there is no destination 'nope'"),
        (["parked", "crm", "--state", "asleep"], "'asleep' is not one of"),
        (["parked"], "Missing argument 'destination': see `keepstep parked --help`"),
        (["skip", "crm", ANN], "Missing argument 'offset'"),
        (["skip", "crm", ANN, "seventeen"], "Invalid value for 'offset'"),
        (["skip", "crm", ANN, "-1"], "see `keepstep skip --help`"),
        (["pause", "nope"], "say one of crm"),
        (["dead", "replay", "crm"], "a partition and an offset, or --class"),
        (["dead", "replay", "crm", "1"], "a partition and an offset, or --class"),
        (["dead", "list", "crm", "--class", "x"], "'x' is not one of 'rejected'"),
        (["user", "crm", ANN, "--days", "0"], "Invalid value for '--days'"),
        (["frobnicate"], "No such command 'frobnicate'"),
    ],
    ids=" ".join,
)
def test_bad_input_ends_with_2_and_one_line(
    tmp_path: Path, arguments: list[str], said: str
) -> None:
    done = Console("127.0.0.1:1", "keepstep", tmp_path).keepstep(*arguments)

    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert len(done.err.splitlines()) == 1


def test_a_missing_topic_is_named_with_its_cure(
    kafka: str, installation: str, tmp_path: Path
) -> None:
    done = Console(kafka, installation, tmp_path).keepstep("parked", "crm")

    assert done.code == 2
    assert "is missing: run `keepstep topics create`" in done.err
    assert len(done.err.splitlines()) == 1


@pytest.mark.parametrize("arguments", [["status", "crm"], ["pause", "crm"]])
def test_a_broker_that_does_not_answer_ends_with_3_and_one_line(
    tmp_path: Path, arguments: list[str]
) -> None:
    nowhere = Console("127.0.0.1:1", "keepstep", tmp_path)
    nowhere.env["KEEPSTEP_KAFKA_CONNECT_SECONDS_MAX"] = "1"

    done = nowhere.keepstep(*arguments)

    assert done.code == 3
    assert "no broker answered within 1 s" in done.err
    assert len(done.err.splitlines()) == 1


def test_a_broker_that_falls_silent_is_waited_for_but_not_for_ever() -> None:
    with own_broker() as broker:
        kafka = KafkaSettings(
            bootstrap_servers=broker.bootstrap_servers,
            replication_factor=1,
            connect_seconds_max=1,
        )
        topics = Topics("keepstep", 1)
        admin.create(kafka, topics.all_of(["crm"]))
        commands = topics.commands("crm").name
        order = Message(commands, b"@all", b"{}", [], 0)
        with Reader(kafka) as reader:
            assert reader.bounds(commands, [0]) == {0: (0, 0)}
            broker.pause()
            with pytest.raises(BrokerUnreachable, match="see that it runs"):
                reader.bounds(commands, [0])
            with pytest.raises(BrokerUnreachable, match="then say it again"):
                send(kafka, [order])
            broker.resume()
            assert eventually(lambda: list(reader.records(commands, [0])))

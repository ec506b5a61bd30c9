"""What a new owner reads of a partition's ledger, on a real broker."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from events.headers import Headers
from events.kafka import KafkaSettings
from processors.delivery.lane import Entry, Waiting
from processors.ledger.clients import LedgerUnavailable
from processors.ledger.snapshot import Snapshot, Unreadable, load
from processors.ledger.stretches import newest_offset
from processors.ledger.transactions import Written
from tests.support.ledger import Ledger, make_ledger, open_transaction

pytestmark = pytest.mark.kafka
LOAD_SECONDS_MAX = 30.0
HEADERS: Headers = [
    ("attempt", b"2"),
    ("state", b"held"),
    ("first-failed-at", b"1970-01-01T00:00:07.000+00:00"),
]


@pytest.fixture
def ledger(kafka: str, installation: str) -> Ledger:
    return make_ledger(kafka, installation)


def loaded(
    ledger: Ledger, *partitions: int, seconds_max: float = LOAD_SECONDS_MAX
) -> dict[int, Snapshot]:
    return load(ledger.kafka, ledger.links, ledger.retry, partitions, seconds_max)


def test_the_newest_links_and_what_is_still_parked_are_read(ledger: Ledger) -> None:
    owner, other = ledger.opened(0), ledger.opened(1)
    owner.write(
        [
            ledger.link(b"ann", b"old"),
            ledger.link(b"bea", b"link"),
            ledger.park(b"ann@t@1", b"event"),
            ledger.park(b"bea@t@2", b"larger event", HEADERS),
        ]
    )
    owner.write([ledger.link(b"ann", b"new"), ledger.park(b"ann@t@1", None)])
    owner.write([ledger.link(b"bea", None)])
    other.write([ledger.link(b"cem", b"link", partition=1)])

    found = loaded(ledger, 0, 1)

    [(key, parked)] = found[0].parked.items()
    assert isinstance(parked, Waiting)
    assert (key, parked.retry_key) == (b"bea@t@2", b"bea@t@2")
    assert parked.entry == Entry("held", 2, None, 7.0, "", 1)
    assert (parked.size_bytes, parked.body) == (len(b"larger event"), None)
    # Two records and a marker, one record and a marker.
    assert found[0] == Snapshot({b"ann": b"new"}, {key: parked}, retry_end=5)
    assert found[1] == Snapshot({b"cem": b"link"}, {}, retry_end=0)


def test_an_entry_that_cannot_be_read_is_of_no_concern_once_it_has_ended(
    ledger: Ledger,
) -> None:
    owner = ledger.opened(0)
    owner.write([ledger.park(b"ann@t@1", b"event"), ledger.park(b"bea@t@2", b"event")])
    owner.write([ledger.park(b"ann@t@1", None)])

    [(key, found)] = loaded(ledger, 0)[0].parked.items()

    assert key == b"bea@t@2"
    assert isinstance(found, Unreadable)
    assert found.offset == 1
    assert "attempt" in found.why


def test_a_ledger_that_nobody_wrote_to_is_empty(ledger: Ledger) -> None:
    assert loaded(ledger, 0, 2) == {0: Snapshot({}, {}, 0), 2: Snapshot({}, {}, 0)}


def test_what_an_aborted_or_fenced_batch_wrote_is_not_read(ledger: Ledger) -> None:
    with open_transaction(ledger, ledger.link(b"ann", b"aborted")) as stranger:
        stranger.abort_transaction(20)
    older, newer = ledger.opened(), ledger.opened()
    assert older.write([ledger.link(b"bea", b"fenced")]) is Written.FENCED
    newer.write([ledger.link(b"cem", b"link")])

    assert loaded(ledger, 0)[0].links == {b"cem": b"link"}


@pytest.mark.parametrize("commits", [True, False])
def test_what_lies_behind_a_strangers_open_transaction_is_waited_for(
    ledger: Ledger, *, commits: bool
) -> None:
    owner = ledger.opened()
    with (
        open_transaction(ledger, ledger.link(b"ann", b"foreign")) as stranger,
        ThreadPoolExecutor(1) as pool,
    ):
        assert owner.write([ledger.link(b"bea", b"own")]) is Written.DURABLE

        loading = pool.submit(loaded, ledger, 0)
        with pytest.raises(TimeoutError):  # what ends at the last stable offset returns
            loading.result(1.5)
        end = stranger.commit_transaction if commits else stranger.abort_transaction
        end(20)
        links = loading.result(LOAD_SECONDS_MAX)[0].links

    foreign = {b"ann": b"foreign"} if commits else {}
    assert links == {**foreign, b"bea": b"own"}


def test_a_transaction_that_stays_open_makes_the_ledger_unavailable(
    ledger: Ledger,
) -> None:
    with (
        open_transaction(ledger, ledger.park(b"ann@t@1", b"foreign")),
        pytest.raises(LedgerUnavailable) as refused,
    ):
        loaded(ledger, 0, seconds_max=1.0)

    assert refused.value.reason == "read_timeout"


def test_a_cluster_that_does_not_answer_makes_the_ledger_unavailable(
    ledger: Ledger,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        kafka = KafkaSettings(bootstrap_servers=address)

        with pytest.raises(LedgerUnavailable):
            load(kafka, ledger.links, ledger.retry, [0], 0.5)


def test_a_record_that_cannot_be_read_is_found_for_a_person(ledger: Ledger) -> None:
    owner = ledger.opened()
    owner.write([ledger.link(b"ann", b"1"), ledger.link(b"bea", b"2")])
    owner.write([ledger.link(b"ann", b"3")])
    links = ledger.links.name

    assert newest_offset(ledger.kafka, links, 0, b"ann") == 3
    assert newest_offset(ledger.kafka, links, 0, b"cem") == -1

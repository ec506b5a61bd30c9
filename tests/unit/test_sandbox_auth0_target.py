"""Credentials, files and counts of the Auth0 sandbox: plain functions, real files."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from sandbox.auth0.delivery import Attempt, Delivery, Event
from sandbox.auth0.files import NotAnEvent, read_event, read_events
from sandbox.auth0.record import line_of
from sandbox.auth0.report import Tally
from sandbox.auth0.sender import ATTEMPT_WAITS_SECONDS, Pace
from sandbox.auth0.target import BadTarget, Target

URL = "http://127.0.0.1:1/webhooks/auth0"
EVENT = b'{"id": "e1", "type": "user.created", "data": {"object": %s}}'


def an_attempt(status: int | None, seconds: float = 0.001) -> Attempt:
    error = None if status else "timeout"
    return Attempt(datetime(2026, 1, 2, tzinfo=UTC), status, seconds, error)


def a_delivery(*statuses: int | None) -> Delivery:
    return Delivery(Event("e1", "u1", b"body"), tuple(map(an_attempt, statuses)))


def test_attempts_come_at_once_then_after_one_two_and_four_seconds() -> None:
    assert ATTEMPT_WAITS_SECONDS == (0, 1, 2, 4)
    assert Pace().attempt_waits_seconds == (0, 1, 2, 4)
    assert Pace().failures_in_a_row_max == 500


@pytest.mark.parametrize(
    ("status", "delivered", "final"),
    [
        *((200, True, True), (202, True, True), (204, True, True), (299, True, True)),
        *((400, False, True), (401, False, True), (409, False, True)),
        *((429, False, True), (302, False, False), (500, False, False)),
        *((503, False, False), (None, False, False)),
    ],
)
def test_any_2xx_is_delivered_and_any_4xx_is_final(
    status: int | None, *, delivered: bool, final: bool
) -> None:
    attempt = an_attempt(status)

    assert (attempt.delivered, attempt.final) == (delivered, final)


def test_each_kind_of_credential_becomes_its_header() -> None:
    bearer = Target.bearer(URL, "t0ken")
    basic = Target.basic(URL, "user:pass:word")
    header = Target.header(URL, "X-Hook-Key=a=b")

    assert bearer.headers == {"Authorization": "Bearer t0ken"}
    assert basic.headers == {"Authorization": "Basic dXNlcjpwYXNzOndvcmQ="}
    assert header.headers == {"X-Hook-Key": "a=b"}
    assert "t0ken" not in repr(bearer)


@pytest.mark.parametrize(
    ("make", "url", "secret"),
    [
        (Target.bearer, URL, "two\nlines"),
        (Target.bearer, URL, ""),
        (Target.bearer, "localhost:8080/hook", "t"),
        (Target.bearer, "ftp://127.0.0.1/", "t"),
        (Target.basic, URL, "no-colon"),
        (Target.basic, URL, "u" * 129 + ":p"),
        (Target.header, URL, "no-equals"),
        (Target.header, URL, "bad name=v"),
        (Target.header, URL, "X-Key=\r\n"),
    ],
)
def test_a_credential_that_cannot_be_sent_is_refused(
    make: Callable[[str, str], Target], url: str, secret: str
) -> None:
    with pytest.raises(BadTarget):
        make(url, secret)


@pytest.mark.parametrize(
    ("subject", "user_id"),
    [
        (b'{"user_id": "auth0|1", "id": "x"}', "auth0|1"),
        (b'{"user": {"user_id": "auth0|2"}, "organization": {}}', "auth0|2"),
        (b'{"id": "org_1", "name": "n"}', "org_1"),
        (b"{}", "e1"),
    ],
)
def test_an_event_is_ordered_by_the_user_it_tells_of(
    tmp_path: Path, subject: bytes, user_id: str
) -> None:
    path = tmp_path / "event.json"
    path.write_bytes(EVENT % subject)

    event = read_event(path)

    assert (event.id, event.user_id) == ("e1", user_id)
    assert event.body == path.read_bytes()


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"id": "e1"}', b"\xff", b'{"id": 1, "type": "t"}']
)
def test_a_named_file_without_an_event_is_refused(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "event.json"
    path.write_bytes(body)

    with pytest.raises(NotAnEvent, match=r"event\.json"):
        read_events([path])


def test_a_directory_is_read_by_name_and_other_files_are_told(tmp_path: Path) -> None:
    (tmp_path / "b.json").write_bytes(EVENT % b'{"user_id": "b"}')
    (tmp_path / "a.json").write_bytes(EVENT % b'{"user_id": "a"}')
    (tmp_path / "index.json").write_bytes(b'{"title": "no event"}')
    (tmp_path / "note.txt").write_bytes(b"note")

    found = read_events([tmp_path])

    assert [event.user_id for event in found.events] == ["a", "b"]
    assert found.skipped == [tmp_path / "index.json"]


def test_a_report_counts_events_by_their_last_status() -> None:
    tally = Tally()
    for delivery in (
        a_delivery(202),
        a_delivery(503, 202),
        a_delivery(401),
        a_delivery(503, None, None, None),
    ):
        tally.count(delivery)

    report = tally.report(disabled=False, seconds=2.0)

    assert report.delivered == 2
    assert report.failures == {"401": 1, "timeout": 1}
    assert (report.failed, report.attempts) == (2, 8)
    assert report.delivered_per_second == 1.0
    assert not report.all_delivered


def test_a_success_ends_a_row_of_failures() -> None:
    tally = Tally()
    for status in (503, 503, 202, 503):
        tally.count(a_delivery(status))

    assert tally.failures_in_a_row == 1


def test_percentiles_are_times_that_were_measured() -> None:
    tally = Tally()
    for milliseconds in range(1, 101):
        attempt = an_attempt(202, milliseconds / 1000)
        tally.count(Delivery(Event("e", "u", b""), (attempt,)))

    report = tally.report(disabled=False, seconds=1.0)

    assert (report.answer_p50_ms, report.answer_p99_ms) == (50.0, 99.0)


def test_a_recorded_line_tells_attempts_and_checksum_but_no_body() -> None:
    line = line_of(a_delivery(503, 202))

    told = msgspec.json.decode(line)
    assert told["sha256"].startswith("230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc8")
    assert [one["status"] for one in told["attempts"]] == [503, 202]
    assert told["attempts"][0]["at"] == "2026-01-02T00:00:00Z"
    assert (told["event_id"], told["user_id"]) == ("e1", "u1")
    assert (told["status"], told["delivered"]) == (202, True)
    assert b'"body' not in line

"""The command `python -m sandbox auth0` as a real process, against a real server."""

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from tests.support.eventually import eventually
from tests.support.receiver import Receiver, answers, receiver
from tests.support.sandbox_crm import ROOT

__all__ = ["receiver"]


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
        await asyncio.to_thread(eventually, lambda: bool(receiver.bodies))
        async with asyncio.timeout(20):
            process.send_signal(signal.SIGINT)
            output, _ = await process.communicate()
    finally:
        with suppress(ProcessLookupError):
            process.kill()

    assert process.returncode == 1
    assert b"not sent" in output

"""Whether Docker can be used is found out fast: real sockets, no engine is needed."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from tests.support.container_kafka import docker_gives_kafka

SECONDS_MAX = 2.0


def test_no_engine_means_no_container(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")

    assert not docker_gives_kafka()


@pytest.mark.alone
def test_an_engine_that_never_answers_is_given_up_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{port}")
        began = time.monotonic()

        assert not docker_gives_kafka()
        assert time.monotonic() - began < SECONDS_MAX

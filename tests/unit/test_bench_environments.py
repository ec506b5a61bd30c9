"""Which Python the bench runs what it measures with."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bench.delivery import environments, quickness
from bench.ingest.missing import Missing


def test_a_python_says_its_version_and_how_long_it_takes() -> None:
    command = [sys.executable, quickness.__file__]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    *version, seconds = said.split()
    assert tuple(map(int, version)) == sys.version_info[:3]
    assert 0 < float(seconds) < 60


def test_a_peer_that_no_python_here_can_run_is_missing() -> None:
    with pytest.raises(Missing, match=r"needs Python 99\.0"):
        environments.of_peer("pyrallel", (99, 0))

"""Drives one server with wrk, and says what wrk counted."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import msgspec

from bench.ingest.missing import Missing

SCRIPT = Path(__file__).with_name("post.lua")
CONNECTIONS = 64


class Load(msgspec.Struct, frozen=True):
    """What wrk counted: `refused` answers are above 399, `lost` ones never came."""

    requests: int
    duration_us: int
    refused: int
    lost: int
    p50_us: int
    p99_us: int

    @property
    def accepted(self) -> int:
        """Requests that were answered 202."""
        return self.requests - self.refused

    @property
    def per_second(self) -> float:
        """Accepted requests in each second."""
        return self.accepted / (self.duration_us / 1e6)


def find_wrk() -> str:
    """Return the path of wrk, or raise `Missing` with where to get it."""
    path = shutil.which("wrk")
    if path is None:
        raise Missing(
            "wrk is not on the PATH: install the package `wrk` "
            "(Debian, Ubuntu, Fedora, Homebrew)"
        )
    return path


def post(url: str, bodies: Path, token: str, seconds: int) -> Load:
    """Post *bodies*, one a line, again and again for *seconds*; 64 at any time.

    Raises:
        subprocess.SubprocessError: wrk failed, or did not end in time.
    """
    ended = subprocess.run(
        [
            find_wrk(),
            "--threads=1",  # it shares its core with the broker
            f"--connections={CONNECTIONS}",
            f"--duration={seconds}s",
            f"--script={SCRIPT}",
            url,
            "--",
            str(bodies),
            token,
        ],
        check=True,
        capture_output=True,
        text=True,
        timeout=seconds + 30,
    )
    return msgspec.json.decode(ended.stdout.splitlines()[-1], type=Load)

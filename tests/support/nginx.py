"""A real nginx before a destination: it refuses what comes faster than its rate."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.chaos.process import free_port
from tests.support.eventually import eventually

# Debian's is where only root's PATH leads.
BINARY = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
needs_nginx = pytest.mark.skipif(BINARY is None, reason="no nginx on the PATH")

_CONFIGURATION = """\
daemon off;
master_process off;
error_log stderr crit;
pid {directory}/pid;
events {{ }}
http {{
  log_format calls "$msec $status";
  access_log {directory}/calls calls;
  limit_req_zone $binary_remote_addr zone=calls:1m rate={rate}r/s;
  limit_req_status 429;
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      limit_req zone=calls;
      proxy_pass {upstream};
    }}
  }}
}}
"""


@dataclass(frozen=True)
class Nginx:
    """One nginx; its log says when each call came, and how it was answered."""

    url: str
    log: Path

    def calls(self) -> list[tuple[float, int]]:
        """Return the time of the epoch and the status of every call."""
        lines = (line.split() for line in self.log.read_text().splitlines())
        return [(float(at), int(status)) for at, status in lines]

    def last_at(self) -> float:
        """Return the time of the last call, 0 before the first; costs little."""
        with self.log.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - 100))
            lines = log.read().splitlines()
        return float(lines[-1].split()[0]) if lines else 0.0


@contextmanager
def running_nginx(directory: Path, upstream: str, rate: int) -> Iterator[Nginx]:
    """Run an nginx that lets *rate* calls a second through, evenly, to *upstream*."""
    assert BINARY is not None
    port = free_port()
    configuration = directory / "nginx.conf"
    configuration.write_text(
        _CONFIGURATION.format(
            directory=directory, rate=rate, port=port, upstream=upstream
        )
    )
    process = subprocess.Popen([BINARY, "-p", directory, "-c", configuration])
    try:
        nginx = Nginx(f"http://127.0.0.1:{port}", directory / "calls")
        eventually(lambda: _answers(nginx.url), 10.0)
        nginx.log.write_text("")
        yield nginx
    finally:
        process.terminate()
        process.wait(10)


def _answers(url: str) -> bool:
    try:
        httpx.get(url, trust_env=False)
    except httpx.TransportError:
        return False
    return True

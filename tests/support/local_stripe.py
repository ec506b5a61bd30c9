"""localstripe (PyPI) as billing: a stateful Stripe that nobody here wrote."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Self

import httpx
import pytest

from tests.support.eventually import eventually

KEY = "sk_test_12345"
# Its own command listens on every address, and keeps its data in a file that all share.
_SERVE = """
import sys
from aiohttp import web
from localstripe.server import app, store
type(store).dump_to_disk = lambda self: None
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None)
"""


class LocalStripe:
    """A running localstripe, empty at first."""

    def __init__(self, directory: Path) -> None:
        if importlib.util.find_spec("localstripe") is None:
            pytest.skip("localstripe is not installed: `make .venv/.dev` brings it")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self.base_url = f"http://127.0.0.1:{self._port}"
        self._log = directory / "localstripe.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _SERVE, str(self._port)],
                env={"PATH": os.environ["PATH"]},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        eventually(self._answers, 20.0)
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)

    def _answers(self) -> bool:
        try:
            httpx.get(self.base_url, trust_env=False)
        except httpx.HTTPError:
            return False
        return True

"""json-server 0.17.4 (npm) as the guide's CRM: a system that nobody here wrote."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Any, Self

import httpx
import pytest

from tests.support.eventually import eventually

LOCK = Path(__file__).parent / "npm"
INSTALL_SECONDS_MAX = 120
START_SECONDS_MAX = 20.0


def installed() -> Path:
    """Return its program; installs it once. Skips the test where node is absent."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not on the PATH: json-server cannot run")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    place = cache / "keepstep" / "json-server-0.17.4"
    program = place / "node_modules" / ".bin" / "json-server"
    if not program.exists():
        place.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(LOCK / name, place / name)
        subprocess.run(
            ["npm", "ci", "--no-audit", "--no-fund"],
            cwd=place,
            check=True,
            capture_output=True,
            timeout=INSTALL_SECONDS_MAX,
        )
    return program


class JsonServer:
    """A running json-server that can be stopped and started again."""

    def __init__(self, directory: Path) -> None:
        self._program = installed()
        self._file = directory / "db.json"
        self._file.write_text('{"contacts": []}')
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self.base_url = f"http://127.0.0.1:{self._port}"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Return once it answers."""
        self._process = subprocess.Popen(
            [
                *(self._program, "--quiet", "--host", "127.0.0.1"),
                *("--port", str(self._port), self._file),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        eventually(self._answers, START_SECONDS_MAX)

    def _answers(self) -> bool:
        try:
            httpx.get(self.base_url + "/contacts", trust_env=False)
        except httpx.HTTPError:
            return False
        return True

    def stop(self) -> None:
        """End it; its file stays."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def contacts(self) -> list[dict[str, Any]]:
        """Return all contacts, as its file holds them."""
        found: list[dict[str, Any]] = json.loads(self._file.read_text())["contacts"]
        return found

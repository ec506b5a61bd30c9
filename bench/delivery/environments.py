"""Installs a peer into an environment of its own: its needs are not ours."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.ingest.missing import Missing

PEERS = Path(__file__).parent / "peers"
HOMES = Path(__file__).parents[2] / ".sandbox" / "bench"
NEWEST_FIRST = ("python3.13", "python3.12", "python3.14")  # the names that peers know
SUITABLE = "import sys, venv, ensurepip; sys.exit(sys.version_info < (%d, %d))"
PIP_SECONDS_MAX = 300.0
Version = tuple[int, int]


def python(peer: str, oldest: Version) -> Path:
    """Return the Python that has what *peer* needs; installs it the first time.

    Raises:
        Missing: There is no Python of the version *oldest* or newer, or pip could not
            install.
    """
    home, wanted = HOMES / peer, PEERS / peer / "requirements.txt"
    installed, done = home / "bin" / "python", home / "installed.txt"
    if not done.exists() or done.read_bytes() != wanted.read_bytes():
        shutil.rmtree(home, ignore_errors=True)
        _run(_base(oldest), "-m", "venv", str(home))
        pip = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        _run(str(installed), *pip, "--require-hashes", "--no-deps", "-r", str(wanted))
        shutil.copyfile(wanted, done)
    return installed


def _base(oldest: Version) -> str:
    for candidate in _candidates():
        tried = subprocess.run(
            [candidate, "-c", SUITABLE % oldest],
            check=False,
            capture_output=True,
            timeout=20,
        )
        if tried.returncode == 0:
            return candidate
    raise Missing(f"it needs Python {oldest[0]}.{oldest[1]}, and none is on the PATH")


def _candidates() -> Iterator[str]:
    yield sys.executable
    yield from filter(None, map(shutil.which, NEWEST_FIRST))
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    for name in NEWEST_FIRST:
        yield from map(str, sorted(pyenv.glob(f"versions/*/bin/{name}")))


def _run(*command: str) -> None:
    done = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        timeout=PIP_SECONDS_MAX,
    )
    if done.returncode != 0:
        last = (done.stderr.splitlines() or ["no reason given"])[-1]
        raise Missing(f"it could not be installed: {last}")

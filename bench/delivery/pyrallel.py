"""Installs pyrallel-consumer into an environment of its own: its needs are not ours."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.ingest.missing import Missing

PEER = Path(__file__).parent / "peers" / "pyrallel"
HOME = Path(__file__).parents[2] / ".sandbox" / "bench" / "pyrallel"
NEWEST_FIRST = ("python3.13", "python3.12", "python3.14")  # 1.0.0 names 3.12 and 3.13
SUITABLE = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 12))"
PIP_SECONDS_MAX = 300.0


def python() -> Path:
    """Return the Python that has pyrallel-consumer; installs it the first time.

    Raises:
        Missing: There is no Python 3.12 or newer, or pip could not install.
    """
    wanted = PEER / "requirements.txt"
    installed, done = HOME / "bin" / "python", HOME / "installed.txt"
    if not done.exists() or done.read_bytes() != wanted.read_bytes():
        shutil.rmtree(HOME, ignore_errors=True)
        _run(_base(), "-m", "venv", str(HOME))
        pip = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        _run(str(installed), *pip, "--require-hashes", "--no-deps", "-r", str(wanted))
        shutil.copyfile(wanted, done)
    return installed


def _base() -> str:
    for candidate in _candidates():
        tried = subprocess.run(
            [candidate, "-c", SUITABLE], check=False, capture_output=True, timeout=20
        )
        if tried.returncode == 0:
            return candidate
    raise Missing("it needs Python 3.12 or newer, and none is on the PATH")


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

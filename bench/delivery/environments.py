"""Installs what is measured into environments of its own, of the quickest Python."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from bench.delivery import quickness
from bench.ingest.missing import Missing

ROOT = Path(__file__).parents[2]
PEERS = Path(__file__).parent / "peers"
HOMES = ROOT / ".sandbox" / "bench"
NAMES = ("python3.11", "python3.12", "python3.13", "python3.14")
PIP_SECONDS_MAX, TRY_SECONDS_MAX = 300.0, 20.0
PIP = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps")
Version = tuple[int, ...]


def of_peer(peer: str, oldest: Version) -> Path:
    """Return the Python that has what *peer* needs; installs it the first time.

    Raises:
        Missing: There is no Python of the version *oldest* or newer, or pip could not
            install.
    """
    return _installed(HOMES / peer, PEERS / peer / "requirements.txt", oldest)


def of_ours() -> Path:
    """Return the same for Keepstep as it is here; raises the same."""
    home = HOMES / "keepstep"
    python = _installed(home, ROOT / "requirements" / "run.txt", (3, 11))
    if not any(home.glob("lib/*/site-packages/keepstep-*.dist-info")):
        _run(str(python), *PIP, "--no-build-isolation", "--editable", str(ROOT))
    return python


def version(python: Path) -> str:
    """Return what it says of itself: `Python 3.13.0`."""
    command = [str(python), "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _installed(home: Path, wanted: Path, oldest: Version) -> Path:
    installed, done = home / "bin" / "python", home / "installed.txt"
    if not done.exists() or done.read_bytes() != wanted.read_bytes():
        quickest = _quickest(oldest)
        shutil.rmtree(home, ignore_errors=True)
        _run(quickest, "-m", "venv", str(home))
        _run(str(installed), *PIP, "--require-hashes", "--requirement", str(wanted))
        shutil.copyfile(wanted, done)
    return installed


def _quickest(oldest: Version) -> str:
    fit = [(took, path) for version, took, path in _found() if version >= oldest]
    if not fit:
        wanted = ".".join(map(str, oldest))
        raise Missing(f"it needs Python {wanted}, and none is on the PATH")
    return min(fit)[1]


@cache
def _found() -> list[tuple[Version, float, str]]:
    """Return version, time for some work, and path of each Python of this machine."""
    found = []
    for candidate in dict.fromkeys(_candidates()):
        tried = subprocess.run(
            [candidate, quickness.__file__],
            check=False,
            capture_output=True,
            text=True,
            timeout=TRY_SECONDS_MAX,
        )
        if tried.returncode == 0:
            *version, took = tried.stdout.split()
            found.append((tuple(map(int, version)), float(took), candidate))
    return found


def _candidates() -> Iterator[str]:
    yield sys.executable
    for name in NAMES:
        yield from filter(
            None, (shutil.which(name), shutil.which(name, path="/usr/bin"))
        )
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    for name in NAMES:
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

"""Kafka's jars: those that the lock file names, each checked before it is used."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import ssl
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

from sandbox.kafka.missing import KafkaMissing

LOCK = Path(__file__).parent / "jars.lock"
DOWNLOAD_SECONDS_MAX = 60


@dataclass(frozen=True)
class Jar:
    """One line of the lock: Maven coordinate and SHA-256 of the file."""

    coordinate: str
    sha256: str

    @property
    def filename(self) -> str:
        """Name of the file in the cache."""
        _, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"


def locked(lock: Path = LOCK) -> list[Jar]:
    """Return what the lock file names."""
    lines = lock.read_text().splitlines()
    return [Jar(*line.split()) for line in lines if line and line[0] != "#"]


def cache() -> Path:
    """Return where jars are kept between runs (KEEPSTEP_SANDBOX_CACHE, XDG)."""
    chosen = os.environ.get("KEEPSTEP_SANDBOX_CACHE")
    if chosen:
        return Path(chosen)
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "keepstep"


def class_path(directory: Path | None = None, lock: Path = LOCK) -> str:
    """Return Java's class path of all locked jars, downloading those not cached.

    Raises:
        KafkaMissing: A jar cannot be had, or is not the one that the lock names; the
            file is not used.
    """
    place = (directory or cache()) / "jars"
    place.mkdir(parents=True, exist_ok=True)
    wanted = locked(lock)
    with _only_one(place):
        absent = [jar for jar in wanted if not (place / jar.filename).exists()]
        if absent:
            _download(absent, place)
        for jar in wanted:
            _check(place / jar.filename, jar)
    return os.pathsep.join(str(place / jar.filename) for jar in wanted)


@contextlib.contextmanager
def _only_one(place: Path) -> Iterator[None]:
    """Let one process at a time fill the cache."""
    with (place / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _check(path: Path, jar: Jar) -> None:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != jar.sha256:
        path.unlink()
        raise KafkaMissing(
            f"{path.name} is not the file that jars.lock names (SHA-256 {found[:12]}…, "
            f"not {jar.sha256[:12]}…); it was removed: try again, and if it comes back "
            "look at your Maven mirror"
        )


def _download(absent: list[Jar], place: Path) -> None:
    console = Console(stderr=True)
    if not console.is_terminal:
        console.print(f"downloading {len(absent)} jars of Apache Kafka …")
    with Progress(console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("Apache Kafka", total=len(absent))
        for jar in absent:
            _fetch(jar, place)
            progress.advance(task)


def _fetch(jar: Jar, place: Path) -> None:
    with tempfile.TemporaryDirectory(dir=place, prefix=".part-") as part:
        try:
            artifact = maven(Path(part)).create_dependency(jar.coordinate).artifact
            got = Path(artifact.resolve())
        except (RuntimeError, OSError) as error:  # requests' errors are OSErrors
            raise KafkaMissing(
                f"{jar.coordinate} cannot be downloaded ({type(error).__name__}): "
                "check the network, HTTPS_PROXY, or [repositories] in jgo's settings"
            ) from None
        _check(got, jar)
        got.replace(place / jar.filename)


def maven(place: Path) -> Any:
    """Return jgo's context: pure Python, a user's own repositories before Maven's."""
    from jgo.config import GlobalSettings  # noqa: PLC0415 -- not in the image
    from jgo.maven import MavenContext  # noqa: PLC0415 -- as above

    _trust_the_system()
    repositories = GlobalSettings.load().repositories or None
    return MavenContext(
        repo_cache=place, remote_repos=repositories, timeout=DOWNLOAD_SECONDS_MAX
    )


def _trust_the_system() -> None:
    """Let jgo's client trust the certificates that this machine trusts.

    `requests` knows only a list of its own, which lacks a company's proxy.
    """
    paths = ssl.get_default_verify_paths()
    trusted = os.environ.get("PIP_CERT") or paths.cafile or paths.capath
    if trusted and Path(trusted).exists() and "CURL_CA_BUNDLE" not in os.environ:
        os.environ.setdefault("REQUESTS_CA_BUNDLE", trusted)

"""The three webhooks: ours as it is shipped, and what other teams would write."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from bench.ingest.missing import Missing
from events.topics import Topic, Topics

ROOT = Path(__file__).parents[2]
EXPRESS = Path(__file__).parent / "peers" / "express_kafkajs"
FASTAPI_APP = "bench.ingest.peers.fastapi_aiokafka.app:app"
TOKEN = "9c51e0b7f2a84d36c8e1957b30d2fa64"  # noqa: S105 -- lives as long as the run
USER_REF_SECRET = "b7d3523f68f2a91c3b7d604e58a1c9e0"  # noqa: S105 -- as above
PARTITIONS = 12  # the default of KEEPSTEP_PARTITIONS
NPM_SECONDS_MAX = 300.0


@dataclass(frozen=True)
class Contestant:
    """One webhook: how it is started, where it listens, what it writes to."""

    name: str
    title: str
    command: tuple[str, ...]
    environ: Mapping[str, str]
    port: int
    topics: Topics

    @property
    def url(self) -> str:
        """Where it takes events."""
        return f"http://127.0.0.1:{self.port}/webhooks/auth0"

    @property
    def written(self) -> tuple[Topic, ...]:
        """Topics that it needs."""
        return self.topics.of_ingest()


def ours(kafka: str, run: str) -> Contestant:
    """Return `python -m ingest` with all settings at their defaults."""
    port, topics = _free_port(), _topics("ours", run)
    environ = {
        "KEEPSTEP_INSTALLATION": topics.installation,
        "KEEPSTEP_PARTITIONS": str(PARTITIONS),
        "KEEPSTEP_USER_REF_SECRET": USER_REF_SECRET,
        "KEEPSTEP_KAFKA_BOOTSTRAP_SERVERS": kafka,
        "KEEPSTEP_INGEST_PORT": str(port),
        "KEEPSTEP_INGEST_ADMIN_PORT": "0",
        "KEEPSTEP_INGEST_BEARER_TOKENS": TOKEN,
    }
    command = (sys.executable, "-m", "ingest")
    return Contestant("ours", "ours", command, _clean() | environ, port, topics)


def fastapi(kafka: str, run: str) -> Contestant:
    """Return the FastAPI webhook; raise `Missing` where FastAPI is not installed."""
    if find_spec("fastapi") is None:
        raise Missing("FastAPI is not installed: pip install fastapi")
    port, topics = _free_port(), _topics("fastapi", run)
    command = (
        *(sys.executable, "-m", "uvicorn", FASTAPI_APP),
        *("--host", "127.0.0.1", "--port", str(port)),
        *("--loop", "uvloop", "--http", "httptools"),
        *("--no-access-log", "--log-level", "warning"),
    )
    environ = _clean() | _peer(kafka, topics, port)
    title = "FastAPI + aiokafka"
    return Contestant("fastapi", title, command, environ, port, topics)


def express(kafka: str, run: str, *, batched: bool) -> Contestant:
    """Install the Express webhook with npm, and return it.

    *batched*: with a batching of its own, which kafkajs does not have.

    Raises:
        Missing: Node or npm is not there, or npm could not install.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise Missing("node and npm are not on the PATH: install Node.js 18 or newer")
    installed = _install(npm)
    name = "express_batched" if batched else "express"
    port, topics = _free_port(), _topics(name, run)
    environ = _clean() | _peer(kafka, topics, port) | {"NODE_ENV": "production"}
    if batched:
        environ["PEER_BATCHED"] = "1"
    title = "Express, batching" if batched else "Express + kafkajs"
    command = (node, str(installed / "server.js"))
    return Contestant(name, title, command, environ, port, topics)


def _install(npm: str) -> Path:
    directory = ROOT / ".sandbox" / "bench" / "express"
    no_modules = shutil.ignore_patterns("node_modules")
    shutil.copytree(EXPRESS, directory, dirs_exist_ok=True, ignore=no_modules)
    installed = subprocess.run(
        [npm, "ci", "--omit=dev", "--no-audit", "--no-fund", "--loglevel=error"],
        cwd=directory,
        check=False,
        capture_output=True,
        text=True,
        timeout=NPM_SECONDS_MAX,
    )
    if installed.returncode != 0:
        last = (installed.stderr.splitlines() or ["no reason given"])[-1]
        raise Missing(f"npm ci failed: {last}")
    return directory


def _topics(name: str, run: str) -> Topics:
    return Topics(f"bench-{run}-{name}", PARTITIONS)


def _peer(kafka: str, topics: Topics, port: int) -> dict[str, str]:
    return {
        "PEER_KAFKA": kafka,
        "PEER_TOPIC": topics.events.name,
        "PEER_BEARER_TOKEN": TOKEN,
        "PEER_PORT": str(port),
    }


def _clean() -> dict[str, str]:
    """Return the environment without settings of an installation of this machine."""
    kept = {n: v for n, v in os.environ.items() if not n.startswith("KEEPSTEP_")}
    return kept | {"PYTHONPATH": str(ROOT)}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

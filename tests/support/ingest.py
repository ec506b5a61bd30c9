"""The real webhook process, started as an operator starts it, on free ports."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.service import ROOT, Service, shared_environment

__all__ = ["ROOT", "Ingest", "environment", "running_ingest"]
SECRET = "f2a91c3b7d604e58a1c9e0b7d4523f68"


def environment(
    bootstrap_servers: str, installation: str, **settings: str
) -> dict[str, str]:
    """Return the environment of ingest in *installation*, with *settings* on top."""
    return shared_environment(bootstrap_servers, installation) | {
        "KEEPSTEP_INGEST_PORT": "0",
        "KEEPSTEP_INGEST_ADMIN_PORT": "0",
        "KEEPSTEP_INGEST_BEARER_TOKENS": SECRET,
        **settings,
    }


class Ingest(Service):
    """One `python -m ingest`; after the first start its ports stay the same."""

    started = "ingest.started"
    secret = SECRET

    @property
    def port(self) -> int:
        return int(self.env["KEEPSTEP_INGEST_PORT"])

    @property
    def url(self) -> str:
        scheme = "https" if "KEEPSTEP_INGEST_TLS_KEY_FILE" in self.env else "http"
        return f"{scheme}://127.0.0.1:{self.port}/webhooks/auth0"

    @property
    def authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.secret}"}

    def learn(self, said: dict[str, int]) -> None:
        """Keep the ports for the next start: senders know no others."""
        super().learn(said)
        self.env["KEEPSTEP_INGEST_PORT"] = str(said["port"])
        self.env["KEEPSTEP_INGEST_ADMIN_PORT"] = str(said["admin_port"])


@contextmanager
def running_ingest(
    bootstrap_servers: str, installation: str, **settings: str
) -> Iterator[Ingest]:
    """Start ingest against topics that exist; *settings* are environment names."""
    with TemporaryDirectory(prefix="ingest-") as directory:
        env = environment(bootstrap_servers, installation, **settings)
        ingest = Ingest(["ingest"], env, Path(directory))
        try:
            ingest.start()
            yield ingest
        finally:
            ingest.close()

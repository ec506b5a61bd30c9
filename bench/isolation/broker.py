"""The broker of a run: a named one, or the sandbox's."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from bench.ingest.missing import Missing


@contextlib.contextmanager
def broker(named: str | None) -> Iterator[str]:
    """Give the address of a broker until the context ends.

    Raises:
        Missing: None was named, and the sandbox's cannot run here.
    """
    if named is not None:
        yield named
        return
    from sandbox.kafka import Broker, KafkaMissing  # noqa: PLC0415 -- a named broker needs no Java

    started = Broker()
    try:
        started.start()
    except KafkaMissing as error:
        started.stop()
        raise Missing(str(error)) from None
    try:
        yield started.bootstrap_servers
    finally:
        started.stop()

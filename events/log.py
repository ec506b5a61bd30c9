"""One JSON line per thing that happened, on standard output, without personal data."""

from __future__ import annotations

import hmac
import logging
import sys
from functools import lru_cache
from typing import Any

import msgspec
import structlog

from events.lines import Lines

# These write whole URLs, member names or one line per request at INFO.
_QUIET = ("httpx", "aiohttp", "aiokafka", "faust", "mode", "uvicorn", "asyncio")

_encoder = msgspec.json.Encoder(enc_hook=repr)


def configure() -> None:
    """Write structlog's and the standard library's records as JSON lines."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    # Our own lines do not take the way through the standard library: at a line for
    # each attempt it cost as much as the rules do.
    lines = Lines(sys.stdout.buffer)
    structlog.configure(
        processors=[
            *shared,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=_bytes),
        ],
        logger_factory=lambda *_: lines,
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=_json),
        ],
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _bytes(line: Any, **_: Any) -> bytes:
    """Return *line* as JSON; what JSON has no type for as its `repr`."""
    return _encoder.encode(line)


def _json(line: Any, **_: Any) -> str:
    return _bytes(line).decode()


def user_ref(secret: str, user_id: str) -> str:
    """Return the 16 hexadecimal digits that stand for a user where names may not.

    A keyed hash (HMAC-SHA256): a plain one could be reversed by trying addresses.

    >>> user_ref("k" * 16, "auth0|1") == user_ref("k" * 16, "auth0|1")
    True
    """
    keyed = _keyed(secret).copy()
    keyed.update(user_id.encode())
    return keyed.hexdigest()[:16]


@lru_cache(4)
def _keyed(secret: str) -> hmac.HMAC:
    # `hmac.digest` lets other threads go on while it hashes; to get its turn back takes
    # a busy worker longer than the hash itself.
    return hmac.new(secret.encode(), digestmod="sha256")

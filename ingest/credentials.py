"""Tells a sender who holds one of our secrets from everybody else.

Auth0 sends one static secret and knows no overlap while that changes, so any number
of secrets is valid here at once.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path

import structlog
from pydantic import SecretStr

from events.exits import BadConfiguration
from ingest import credentials_file
from ingest.credentials_file import CredentialsFile

log = structlog.get_logger()
_AUTHORIZATION = b"authorization"
Stamp = tuple[int, int, int]


class Credentials:
    """All secrets that are valid now: those of the environment and those of a file.

    Raises:
        BadConfiguration: The file cannot be read, or there is no secret at all.
    """

    def __init__(
        self, bearer_tokens: Iterable[SecretStr], path: Path | None = None
    ) -> None:
        self._environment = {
            f"environment.bearer.{place}": _bearer(token)
            for place, token in enumerate(bearer_tokens, start=1)
        }
        self._path = path
        self._stamp = _stamp(path)
        self.broken: str | None = None
        self._accept(credentials_file.read(path) if path else CredentialsFile())

    def name_of(self, headers: Mapping[bytes, bytes]) -> str | None:
        """Return the name of the secret that *headers* carry, or None.

        Every secret is compared, each in constant time, over digests of one length:
        the time tells neither which one nearly fits nor how long it is.
        """
        found = None
        for header in self._headers:
            value = headers.get(header)
            if value is None:
                continue
            presented = _digest(header, value)
            for digest, name in self._digests:
                if hmac.compare_digest(digest, presented):
                    found = name
        return found

    def reload_if_changed(self) -> None:
        """Read the file again where it changed; a broken one leaves all as it was."""
        stamp = _stamp(self._path)
        if self._path is None or stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._accept(credentials_file.read(self._path))
        except BadConfiguration as error:
            self.broken = f"the old ones stay valid: {error}"
            log.error("credentials.refused", reason=str(error))  # noqa: TRY400 -- the sentence says it all
        else:
            self.broken = None
            log.info("credentials.reloaded", count=len(self._digests))

    def _accept(self, file: CredentialsFile) -> None:
        known = {**self._environment, **dict(_named(file))}
        if not known:
            raise BadConfiguration(
                f"{credentials_file.SETTING}={self._path}: it holds no secret: "
                "add one to `bearer`, `basic` or `header`"
            )
        self._digests = tuple(
            (_digest(header, value), name) for name, (header, value) in known.items()
        )
        self._headers = tuple({header for header, _ in known.values()})


def _named(file: CredentialsFile) -> Iterable[tuple[str, tuple[bytes, bytes]]]:
    for place, token in enumerate(file.bearer, start=1):
        yield f"file.bearer.{place}", _bearer(token)
    for place, pair in enumerate(file.basic, start=1):
        encoded = b64encode(pair.get_secret_value().encode())
        yield f"file.basic.{place}", (_AUTHORIZATION, b"basic " + encoded)
    for header, values in file.header.items():
        name = header.lower()
        for place, value in enumerate(values, start=1):
            secret = value.get_secret_value().encode()
            yield f"file.header.{name}.{place}", (name.encode(), secret)


def _bearer(token: SecretStr) -> tuple[bytes, bytes]:
    return _AUTHORIZATION, b"bearer " + token.get_secret_value().encode()


def _digest(header: bytes, value: bytes) -> bytes:
    if header == _AUTHORIZATION:  # the scheme's case is free (RFC 9110, 11.1)
        scheme, _, secret = value.partition(b" ")
        value = scheme.lower() + b" " + secret.strip()
    return sha256(header + b":" + value).digest()


def _stamp(path: Path | None) -> Stamp | None:
    """Return what changes when the file is written or another is put in its place."""
    try:
        status = path.stat() if path else None
    except OSError:
        return None  # gone for now: mounted secrets are swapped by renaming
    return status and (status.st_mtime_ns, status.st_size, status.st_ino)

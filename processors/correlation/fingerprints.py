"""What stands for a value in a link."""

from __future__ import annotations

from binascii import b2a_base64
from hashlib import blake2b

import msgspec

_json = msgspec.json.Encoder()


class Fingerprints:
    """Keyed hashes of values: who reads a link cannot guess an email address."""

    def __init__(self, secret: str) -> None:
        self._key = secret.encode()[:64]
        self._begun: dict[tuple[str, str], blake2b] = {}
        self._known: dict[tuple[str, bool], str] = {}

    def of(self, target: str, source: str, value: object) -> str:
        """Return what stands for *value* in *target*; a changed mapping changes it."""
        begun = self._begun.get((target, source))
        if begun is None:
            begun = self._begin(target, source)
        hashed = begun.copy()
        hashed.update(_json.encode(value))
        return b2a_base64(hashed.digest(), newline=False).decode()

    def of_switch(self, target: str, *, on: bool) -> str:
        """Return what stands for a field that has two values only."""
        known = self._known.get((target, on))
        if known is None:
            known = self._known[target, on] = self.of(target, "", on)
        return known

    def _begin(self, target: str, source: str) -> blake2b:
        """Hash what is the same for all values of a field, once."""
        begun = blake2b(
            _json.encode([target, source]),
            key=self._key,
            digest_size=9,
            person=b"fingerprint",
        )
        self._begun[target, source] = begun
        return begun

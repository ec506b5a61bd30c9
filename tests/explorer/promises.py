"""Says which promise was broken."""

from __future__ import annotations


class Broken(AssertionError):
    """A promise was not kept."""


def promise(kept: object, sentence: str) -> None:
    """Raise `Broken` with *sentence* unless it is so."""
    if not kept:
        raise Broken(sentence)


def below(offset: int) -> int:
    """Return the set of all offsets below *offset*."""
    return (1 << offset) - 1

"""Fixtures that every test may ask for; each lives in a small module of its own."""

from tests.support.broker import installation, kafka, topics

__all__ = ["installation", "kafka", "topics"]

"""What the comparison cannot be run without."""


class Missing(Exception):
    """A tool or package is not there; the message says how to get it."""

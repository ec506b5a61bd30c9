"""Keys of the ledger's records."""

from __future__ import annotations

META = b"@meta"
OWNER = b"@owner"
# The lane and link of what has no user of this partition.
NONE = b"@none"
# Of a record without a value or a header, in any topic of a destination: it only ends
# a transaction that the broker forgot to end.
ENDED = b"@ended"
CONTROL = (META, OWNER)


def link_key(user: bytes) -> bytes:
    """Return the key of a user's link; no user can be taken for a control record.

    >>> link_key(b"auth0|1"), link_key(b"@meta")
    (b'auth0|1', b'@@meta')
    """
    return b"@" + user if user.startswith(b"@") and user != NONE else user


def user_of(key: bytes) -> bytes:
    """Return the user whose link has *key*.

    >>> user_of(b"@@meta")
    b'@meta'
    """
    return key[1:] if key.startswith(b"@@") else key

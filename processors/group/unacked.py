"""Which offsets of one partition may be committed."""

from __future__ import annotations


class Unacked:
    """The messages of one partition that were handed over and are not acked yet.

    Faust's own account is wrong where acks come out of order: it commits past what is
    still in hand (faust-streaming/faust#606). This one holds the messages, too: Faust
    forgets those that nobody else refers to.
    """

    def __init__(self) -> None:
        self._messages: dict[int, object] = {}
        self.newest = -1
        self._acked = False

    def __len__(self) -> int:
        return len(self._messages)

    def add(self, offset: int, message: object) -> bool:
        """Begin to wait for the ack of *offset*; False: it came before."""
        if offset <= self.newest:
            return False
        self._messages[offset] = message
        self.newest = offset
        return True

    def end(self, offset: int, message: object) -> bool:
        """Note the ack of *offset*; False: it is not this *message* that waits."""
        if self._messages.get(offset) is not message:
            return False
        del self._messages[offset]
        self._acked = True
        return True

    @property
    def committable(self) -> int | None:
        """The offset to begin with after a restart; None: nothing has been acked.

        A commit before that would carry our mark, and hide that an operator has set
        the offset.
        """
        if not self._acked:
            return None
        return next(iter(self._messages), self.newest + 1)

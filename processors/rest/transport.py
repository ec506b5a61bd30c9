"""Transports that ask for the lease at the last step before the socket.

Between "may I call?" and the socket aiohttp waits for a connection and, for a body, for
a task of its own; TLS encrypts, and uvloop sends at the end of its turn. A worker that
is frozen in between would send when it wakes, long after another has taken over. So
each write asks, asks again below TLS, and goes to the socket at once.
"""

from __future__ import annotations

import asyncio
import ctypes
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

Lease = Callable[[], bool]
# os.write gives the interpreter away first, and whoever waits for it is woken then: on
# a busy machine in our place, for milliseconds in which a freeze may come.
_write = ctypes.PyDLL(None).write
_write.restype = ctypes.c_ssize_t
_write.argtypes = ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t


class LeaseLost(Exception):
    """This worker may not call any more: nothing more of the request has left.

    `maybe_effect` is True where a part of it, or a first try, had left before.
    """

    def __init__(self, *, maybe_effect: bool) -> None:
        super().__init__("the lease was lost")
        self.maybe_effect = maybe_effect


@dataclass(slots=True)
class Sent:
    """What became of a request's bytes: some were sent, some were refused."""

    began: bool = False
    refused: bool = False


_sent: ContextVar[Sent | None] = ContextVar("sent", default=None)


@contextmanager
def watched() -> Iterator[Sent]:
    """Watch the one request made inside; its error is `LeaseLost` where that is why."""
    sent = Sent()
    token = _sent.set(sent)
    try:
        yield sent
    except Exception as error:
        if sent.refused:
            raise LeaseLost(maybe_effect=sent.began) from error
        raise
    finally:
        _sent.reset(token)


class _Outer(asyncio.Transport):
    """A transport before another.

    Has only what aiohttp's client and TLS need: nothing else can lead around `write`.
    """

    def __init__(self, inner: asyncio.Transport, lease: Lease) -> None:
        super().__init__()
        self._inner, self._lease = inner, lease

    def abort(self) -> None:
        self._inner.abort()

    # A connection is closed when idle, or when nobody waits for its answer any more:
    # then what it still holds of a request must not leave.
    close = abort

    def is_closing(self) -> bool:
        return self._inner.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._inner.get_extra_info(name, default)

    def get_write_buffer_size(self) -> int:
        return self._inner.get_write_buffer_size()

    def pause_reading(self) -> None:
        self._inner.pause_reading()

    def resume_reading(self) -> None:
        self._inner.resume_reading()


class LeasedSocket(_Outer):
    """Asks for the lease, then writes to the socket itself; the loop gets the rest."""

    def __init__(self, inner: asyncio.Transport, lease: Lease) -> None:
        super().__init__(inner, lease)
        self._descriptor: int = inner.get_extra_info("socket").fileno()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Write while the lease holds; else abort."""
        if self._inner.is_closing():
            return
        waiting, written = self._inner.get_write_buffer_size(), 0
        data = bytes(data)
        # Nothing is between the question and the kernel but the call itself.
        if not self._lease():
            self._refuse()
            return
        if not waiting:
            # An error is none here: the loop meets it at its own try, and tells.
            written = max(0, _write(self._descriptor, data, len(data)))
        if written < len(data):
            self._inner.write(memoryview(data)[written:])

    def _refuse(self) -> None:
        sent = _sent.get()
        if sent is not None:
            sent.refused = True
        # Not at once: uvloop would leak a socket that is aborted while it connects.
        asyncio.get_running_loop().call_soon(self._inner.abort)

    def _force_close(self, _: BaseException | None) -> None:
        """Abort, as TLS calls it."""
        self._inner.abort()


class LeasedTransport(_Outer):
    """What aiohttp writes to: asks for the lease, and notes what became of it."""

    def __init__(
        self,
        inner: asyncio.Transport,
        lease: Lease,
        refuse: Callable[[Exception], None],
    ) -> None:
        super().__init__(inner, lease)
        self._refuse = refuse

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Write while the lease holds; else abort, and tell who waits."""
        if self._may_write():
            self._inner.write(data)

    def writelines(
        self, list_of_data: Iterable[bytes | bytearray | memoryview]
    ) -> None:
        """Write all of it, or nothing."""
        if self._may_write():
            # One write: nothing can come between its parts.
            self._inner.write(b"".join(list_of_data))

    def _may_write(self) -> bool:
        sent = _sent.get() or Sent()
        held = self._lease()
        if held:
            sent.began = True
        else:
            sent.refused = True
            # Told to the one who waits for the answer: from here it would only pass
            # through a task of aiohttp, which nobody asks in every case.
            self._refuse(LeaseLost(maybe_effect=sent.began))
            self._inner.abort()
        return held

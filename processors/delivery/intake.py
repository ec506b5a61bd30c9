"""What Kafka delivered and is not acked: in order, and as much as is kept of it."""

from __future__ import annotations

from processors.delivery.durable import Durable
from processors.delivery.lane import Waiting
from processors.delivery.memory import Memory
from processors.delivery.sequencer import Sequencer


class Intake:
    """The messages of one partition, from their arrival to their ack."""

    def __init__(self) -> None:
        self.redelivered = 0  # messages that were taken before
        self.newest_at = 0.0  # timestamp of the newest message
        self.forget()

    def forget(self) -> None:
        """Forget all messages: they will be delivered again, or to another."""
        self.sequencer = Sequencer()
        self.memory = Memory()

    def arrive(self, event: Waiting, now: float, live_seconds: float) -> None:
        """Note the place of a message; it is live if it is younger than that."""
        self.sequencer.add(event.offset)
        self.newest_at = max(self.newest_at, event.received_at)
        if now - event.happened_at < live_seconds:
            event.live_until = now + live_seconds

    def passes(self, event: Waiting, durable: Durable) -> bool:
        """Take *event* in; False where it was taken before and has nothing to do."""
        if self._is_taken(event, durable):
            # Un-acked it may be for long, and after a fence all such are judged anew.
            self.memory.remember(event)
            self.sequencer.end(event.offset)
            self.redelivered += 1
            return False
        self.memory.add(event)
        return True

    def _is_taken(self, event: Waiting, durable: Durable) -> bool:
        before = event.offset < durable.meta.start
        return before or event.offset <= durable.link(event.user).taken

    def again(self) -> list[Waiting]:
        """Return what is not acked, in order, to be judged anew; it ends nowhere."""
        self.sequencer.reopen()
        unacked, self.memory = self.memory.unacked(), Memory()
        return unacked

    def oldest(self) -> Waiting | None:
        """Return the message that holds the acks back."""
        return self.memory.get(self.sequencer.oldest)

    def left(self, event: Waiting) -> None:
        """Note that an event is settled or parked: it is neither kept nor un-acked."""
        if event.entry is None:
            self.memory.end(event)
            self.sequencer.end(event.offset)

    def release(self) -> list[int]:
        """Return the offsets that may be acked now, in order."""
        released = self.sequencer.release()
        self.memory.forget(released)
        return released

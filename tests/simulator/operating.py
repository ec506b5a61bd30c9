"""What operators do: commands, and what needs all workers to be stopped."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import msgspec

from processors.delivery import link as links
from processors.delivery.commands import BRAKED, OF_USERS
from processors.delivery.lane import Waiting
from tests.simulator.broker import Broker, Committed
from tests.simulator.clock import Clock
from tests.simulator.crm import Crm
from tests.simulator.history import History
from tests.simulator.notes import Notes
from tests.simulator.plan import PARTITIONS

FOR_STATE = {
    "held": ("release", "release", "skip"),
    "review": ("retry", "create", "skip"),
    "waiting": ("retry", "retry", "skip"),
    "grace": ("retry", "skip"),
    "budget": ("retry", "skip"),
    BRAKED: ("confirm", "discard"),
}
LOSABLE = ("name", "phone")  # by email a record is found
ANY = ("release", "retry", "skip", "no command")


@dataclass
class Operator:
    """People, who may be wrong: what they name may have ended since they looked."""

    clock: Clock
    random: Random
    notes: Notes
    broker: Broker
    crm: Crm
    history: History

    # ---- commands

    def command(self) -> None:
        """Order something for one parked event, or for one that is not."""
        if self.random.random() < 0.15:
            self._order_about_a_link()
            return
        found = self._parked()
        if found and self.random.random() < 0.9:
            partition, event = self.random.choice(found)
            self._order(partition, self.random.choice(_fit(event)), event)
            return
        known = list(self.history)
        if known:
            source = self.random.choice(known)
            event = Waiting(source.lane, source.topic_ref, source.offset, 0)
            self._order(source.partition, self.random.choice(ANY), event)

    def _order_about_a_link(self) -> None:
        """Say what is so, forget it, or forget what was sent."""
        partition = self.random.randrange(PARTITIONS)
        known = sorted(self.broker.ledgers[partition].links)
        if not known:
            return
        user = self.random.choice(known)
        record_id = links.decode(self.broker.ledgers[partition].links[user]).record_id
        name = self.random.choice(OF_USERS)
        if name == "link" and record_id is None:
            name = "unlink"
        self.notes(f"command {name}", user=user)
        if name == "unlink":
            self.history.unlinked(partition, user)
        value = {"format": 1, "command": name, "record": record_id or ""}
        if name == "resync" and self.random.random() < 0.5:
            value["field"] = self.random.choice(LOSABLE)
        self.broker.order(partition, user, msgspec.json.encode(value))

    def settle_open_items(self) -> int:
        """Order something for every event that waits for a person; return how many."""
        found = [
            (partition, event)
            for partition, event in self._parked()
            if event.entry is not None and event.entry.state in ("held", "review")
        ]
        for partition, event in found:
            self._order(partition, self.random.choice(_fit(event)), event)
        return len(found)

    def _parked(self) -> list[tuple[int, Waiting]]:
        return [
            (partition, stored.event)
            for partition, ledger in enumerate(self.broker.ledgers)
            for stored in ledger.retry.values()
        ]

    def _order(self, partition: int, name: str, event: Waiting) -> None:
        self.notes(f"command {name}", user=event.user, event=event.offset)
        if name in ("skip", "discard"):
            self.history.skips.add(self.history.of(partition, event))
        value = {
            "format": 1,
            "command": name,
            "offset": event.offset,
            "topic": event.topic_ref,
            "reason": "looked at",
        }
        self.broker.order(partition, event.user, msgspec.json.encode(value))

    def order_all(self, name: str) -> None:
        """Order *name* for all partitions."""
        self.notes(f"command {name}")
        value = msgspec.json.encode({"format": 1, "command": name, "reason": "night"})
        for partition in range(PARTITIONS):
            self.broker.order(partition, b"@all", value)

    def pause(self) -> None:
        """Pause the destination for some time."""
        self.order_all("pause")
        seconds = self.random.uniform(1.0, 30.0)
        self.clock.after(seconds, lambda: self.order_all("resume"))

    # ---- while all workers are stopped

    def _finish_transactions(self) -> None:
        for ledger in self.broker.ledgers:
            ledger.finish()

    def reset(self) -> None:
        """Set the group's offset of some partitions anywhere in their logs."""
        self._finish_transactions()
        for partition in range(PARTITIONS):
            offset, marked = self.broker.offsets.get(partition, Committed())
            if offset is None or not marked or self.random.random() < 0.4:
                continue
            back = self.random.randint(0, offset)
            if self.random.random() < 0.15:
                end = self.broker.topic.end(partition)
                self._set("forward", partition, self.random.randint(offset, end))
                continue
            if self.random.random() < 0.3:
                self._restore(partition, back)
            self._set("back", partition, back)

    def _set(self, where: str, partition: int, to: int) -> None:
        before = self.broker.offsets[partition].offset or 0
        self.notes(f"reset {where}", partition=partition, before=before, to=to)
        self.history.reset(partition, before, to)
        self.broker.offsets[partition] = Committed(to, marked=False)

    def _restore(self, partition: int, offset: int) -> None:
        """Let the destination lose what came from *offset* on, as from a backup."""
        for user, raw in self.broker.ledgers[partition].links.items():
            contact = self.crm.contacts.get(links.decode(raw).record_id or "")
            if contact is None:
                continue
            for name in LOSABLE:
                source = self.history.newest(partition, user, name)
                if source is not None and source.settled and source.offset >= offset:
                    contact.fields.pop(name, None)
                    self.history.loses(partition, user)
                    self.notes("field lost", user=user, field=name)

    def recreate(self) -> None:
        """Delete the source topic and make it anew."""
        self._finish_transactions()
        self.notes("recreated")
        self.broker.recreate()
        self.history.recreated(self.broker.topic.topic_id[:8])

    def expire(self) -> None:
        """Let the group's offsets be forgotten (offsets.retention.minutes)."""
        self.notes("offsets expired")
        for partition, committed in list(self.broker.offsets.items()):
            if committed.marked:  # what was set back a moment ago is kept
                del self.broker.offsets[partition]


def _fit(event: Waiting) -> tuple[str, ...]:
    """Return the commands that fit what the event waits for."""
    entry = event.entry
    assert entry is not None
    return FOR_STATE[entry.reason if entry.reason == BRAKED else entry.state]

"""What is durable in one partition's ledger, as far as its owner knows."""

from __future__ import annotations

from collections.abc import Iterable

from processors.delivery import link as links
from processors.delivery.link import Link
from processors.delivery.records import Meta, Park, PutLink, PutMeta, Record


class Durable:
    """The links, as bytes, and the partition's own record.

    Changes only by `apply`, which is called when a transaction is durable, never
    before: what is remembered sooner would be believed after a crash that undid it.
    """

    def __init__(
        self, topic_ref: str, raw_links: dict[bytes, bytes], meta: Meta
    ) -> None:
        self._topic_ref = topic_ref
        self.raw_links = raw_links
        self.meta = meta

    def link(self, user: bytes) -> Link:
        """Return the user's link, an empty one for a user never seen."""
        raw = self.raw_links.get(user)
        link = Link() if raw is None else links.decode(raw)
        return link.of_topic(self._topic_ref)

    def apply(self, records: Iterable[Record]) -> None:
        """Take *records* in, which are durable now."""
        for record in records:
            match record:
                case PutLink(user=user, link=link):
                    self.raw_links[user] = links.encode(link)
                case PutMeta(meta=meta):
                    self.meta = meta
                case Park(event=event, entry=entry):
                    event.entry = entry
                    event.drop_body()

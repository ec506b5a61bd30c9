"""How many calls a partition has made lately, where a budget asks for hours or days."""

from __future__ import annotations

from dataclasses import dataclass, replace

from processors.delivery.records import Meta


@dataclass(frozen=True, slots=True)
class Spend:
    """Calls are counted by stretches of *bucket_seconds*; the last *kept* are kept."""

    bucket_seconds: int
    kept: int

    def spent(self, meta: Meta, calls: int, now: float) -> Meta:
        """Return the partition's record after so many more calls."""
        present = self.bucket(now)
        counts = {b: n for b, n in self.counts(meta).items() if b > present - self.kept}
        counts[present] = counts.get(present, 0) + calls
        return replace(
            meta,
            calls=tuple(sorted(counts.items())),
            calls_bucket_seconds=self.bucket_seconds,
        )

    def bucket(self, at: float) -> int:
        """Return the number of the stretch that holds the time *at*."""
        return int(at // self.bucket_seconds)

    def counts(self, meta: Meta) -> dict[int, int]:
        """Return the calls by stretch; of other lengths they count at their end.

        So a destination file that changes forgets no call too early.
        """
        was, counts = meta.calls_bucket_seconds, dict[int, int]()
        for bucket, calls in meta.calls:
            at = bucket if was == self.bucket_seconds else self.bucket_of(bucket, was)
            counts[at] = counts.get(at, 0) + calls
        return counts

    def bucket_of(self, bucket: int, was_seconds: int) -> int:
        """Return the stretch that holds the last second of one of another length."""
        return self.bucket((bucket + 1) * was_seconds - 1)

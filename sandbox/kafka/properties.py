"""The settings of the sandbox's broker: one node, small, quick to start."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from events.topics import RECORD_BYTES_MAX

JAAS = "org.apache.kafka.common.security.scram.ScramLoginModule required;"


@dataclass(frozen=True)
class Secure:
    """A second listener: TLS, and one user who proves who it is by SCRAM-SHA-512.

    `certificate_file` holds the private key and the certificate chain, both PEM.
    """

    certificate_file: Path
    user: str
    password: str


@dataclass(frozen=True)
class Ports:
    """Where the broker listens, all on 127.0.0.1; `secure` is 0 where it does not."""

    plain: int
    controller: int
    secure: int


def server_properties(data: Path, ports: Ports, secure: Secure | None) -> str:
    """Return the text of server.properties."""
    listeners = [f"PLAIN://127.0.0.1:{ports.plain}"]
    if secure is not None:
        listeners.append(f"SECURE://127.0.0.1:{ports.secure}")
    values = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@127.0.0.1:{ports.controller}",
        "listeners": ",".join(
            [*listeners, f"CONTROLLER://127.0.0.1:{ports.controller}"]
        ),
        "advertised.listeners": ",".join(listeners),
        "listener.security.protocol.map": (
            "PLAIN:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL"
        ),
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAIN",
        "log.dirs": data,
        "auto.create.topics.enable": "false",  # a misspelt topic is an error
        "group.initial.rebalance.delay.ms": 0,
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.state.log.num.partitions": 4,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "message.max.bytes": RECORD_BYTES_MAX,
        "replica.fetch.max.bytes": RECORD_BYTES_MAX,
        # The defaults are made for servers: 128 MiB for the cleaner, 10 MiB an index.
        "log.cleaner.dedupe.buffer.size": 16 * 1024 * 1024,
        "log.index.size.max.bytes": 1024 * 1024,
    }
    if secure is not None:
        values |= {
            "sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "listener.name.secure.scram-sha-512.sasl.jaas.config": JAAS,
            "listener.name.secure.ssl.keystore.type": "PEM",
            "listener.name.secure.ssl.keystore.location": secure.certificate_file,
        }
    return "".join(f"{name}={value}\n" for name, value in values.items())


def log4j_properties(log_file: Path) -> str:
    """Return log4j2's settings: the broker's log goes to a file, warnings and worse."""
    return f"""\
status = error
appender.file.type = File
appender.file.name = file
appender.file.fileName = {log_file}
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = [%d] %p %m (%c)%n
rootLogger.level = warn
rootLogger.appenderRef.file.ref = file
"""

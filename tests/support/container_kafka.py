"""The official Apache Kafka image, started by testcontainers where Docker answers.

testcontainers' own KafkaContainer knows Confluent's images only: it starts a script
that `apache/kafka` does not have.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager

from docker.errors import DockerException  # type: ignore[import-untyped] # has none
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer
from testcontainers.core.docker_client import DockerClient, get_docker_host
from testcontainers.core.wait_strategies import LogMessageWaitStrategy

IMAGE = "apache/kafka:4.3.1"
CLIENT_PORT = 9092
START_SECONDS_MAX = 60
DEFAULT_SOCKET = "unix:///var/run/docker.sock"
ANSWER_SECONDS_MAX = 0.6  # of each request to the engine; at most three are made
_SCRIPT = "/tmp/start.sh"  # inside the container
_SINGLE_NODE = {
    "KAFKA_NODE_ID": "1",
    "KAFKA_PROCESS_ROLES": "broker,controller",
    "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9094",
    "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
    "KAFKA_INTER_BROKER_LISTENER_NAME": "BROKER",
    "KAFKA_LISTENERS": (
        f"CLIENT://:{CLIENT_PORT},BROKER://localhost:9093,CONTROLLER://localhost:9094"
    ),
    "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": (
        "CLIENT:PLAINTEXT,BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT"
    ),
    "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
    "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
    "KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS": "4",
    "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
    "KAFKA_TRANSACTION_STATE_LOG_NUM_PARTITIONS": "4",
    "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
    "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
    "KAFKA_HEAP_OPTS": "-Xms256m -Xmx512m",
}


def docker_gives_kafka() -> bool:
    """Whether an engine answers and has, or can pull, all images; within 2 seconds.

    Beside Kafka's that is the image of testcontainers' reaper, unless
    TESTCONTAINERS_RYUK_DISABLED says to do without.
    """
    images = [IMAGE]
    if not testcontainers_config.ryuk_disabled:
        images.append(testcontainers_config.ryuk_image)
    try:
        _reach(get_docker_host() or DEFAULT_SOCKET)
        with closing(DockerClient(timeout=ANSWER_SECONDS_MAX).client) as engine:
            present = {tag for image in engine.images.list() for tag in image.tags}
            for name in images:
                if name not in present:
                    engine.images.get_registry_data(name)
    except (DockerException, OSError):
        return False
    return True


def _reach(host: str) -> None:
    """Raise OSError if nothing listens on a Unix socket *host*.

    The Docker client leaves its own socket open when that fails, which is a warning,
    and so an error, in the middle of some later test.
    """
    path = host.removeprefix("unix://")
    if path != host:
        with closing(socket.socket(socket.AF_UNIX)) as probe:
            probe.settimeout(ANSWER_SECONDS_MAX)
            probe.connect(path)


@contextmanager
def container_kafka() -> Iterator[str]:
    """Yield the bootstrap address of a broker of its own; it ends with the block.

    Raises:
        TimeoutError: The broker did not start within START_SECONDS_MAX; the message
            has its log.
    """
    waiting = f"until [ -s {_SCRIPT} ]; do sleep 0.1; done; . {_SCRIPT}"
    container = (
        DockerContainer(IMAGE)
        .with_envs(**_SINGLE_NODE)
        .with_exposed_ports(CLIENT_PORT)
        .with_command(["bash", "-c", waiting])
    )
    with container:
        # The engine picks the port on this machine, so what Kafka shall call itself
        # is known only once the container runs; until then it waits for the script.
        host = container.get_container_host_ip()
        address = f"{host}:{container.get_exposed_port(CLIENT_PORT)}"
        container.copy_into_container(_start_script(address), _SCRIPT)
        started = LogMessageWaitStrategy("Kafka Server started")
        started.with_startup_timeout(START_SECONDS_MAX)
        started.with_poll_interval(0.2)
        started.wait_until_ready(container)
        yield address


def _start_script(address: str) -> bytes:
    listeners = f"CLIENT://{address},BROKER://localhost:9093"
    return (
        f"export KAFKA_ADVERTISED_LISTENERS={listeners}\nexec /etc/kafka/docker/run\n"
    ).encode()

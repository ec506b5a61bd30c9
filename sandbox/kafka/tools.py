"""Kafka's console tools under their usual names."""

from __future__ import annotations

from pathlib import Path

TOOLS = {
    "kafka-configs.sh": "kafka.admin.ConfigCommand",
    "kafka-console-consumer.sh": "org.apache.kafka.tools.consumer.ConsoleConsumer",
    "kafka-console-producer.sh": "org.apache.kafka.tools.ConsoleProducer",
    "kafka-consumer-groups.sh": (
        "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"
    ),
    "kafka-get-offsets.sh": "org.apache.kafka.tools.GetOffsetShell",
    "kafka-topics.sh": "org.apache.kafka.tools.TopicCommand",
}
LOG4J = """\
status = off
appender.stderr.type = Console
appender.stderr.name = stderr
appender.stderr.target = SYSTEM_ERR
appender.stderr.layout.type = PatternLayout
appender.stderr.layout.pattern = %p %m (%c)%n
rootLogger.level = error
rootLogger.appenderRef.stderr.ref = stderr
"""
SCRIPT = """\
#!/bin/sh
exec "{java}" -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto \\
  -Dlog4j2.configurationFile="{log4j}" -cp "{jars}" {main} "$@"
"""


def write(directory: Path, java: Path, jars: str) -> None:
    """Write a script for each tool into *directory*."""
    directory.mkdir(parents=True, exist_ok=True)
    log4j = directory / "log4j2.properties"
    log4j.write_text(LOG4J)
    for name, main in TOOLS.items():
        script = directory / name
        script.write_text(SCRIPT.format(java=java, log4j=log4j, jars=jars, main=main))
        script.chmod(0o755)

"""The real Apache Kafka on one machine, without Docker and without a Java of yours."""

from sandbox.kafka.broker import Broker, Secure
from sandbox.kafka.missing import KafkaMissing

__all__ = ["Broker", "KafkaMissing", "Secure"]

"""What is said when Kafka cannot be had."""


class KafkaMissing(Exception):
    """Kafka cannot be started here; the message says what is missing and the cure."""

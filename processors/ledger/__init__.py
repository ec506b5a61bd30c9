"""The Kafka side of what is remembered about events: reads and writes its topics."""

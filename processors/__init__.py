"""Kafka in, REST out: keeps the records of one destination in step."""

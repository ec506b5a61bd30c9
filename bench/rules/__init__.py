"""What the rules cost an event: `python -m bench.rules`."""

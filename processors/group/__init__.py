"""This worker as a member of its consumer group: Faust, the lease, the watchdog."""

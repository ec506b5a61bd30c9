"""What an operator asks about a destination, and orders there."""

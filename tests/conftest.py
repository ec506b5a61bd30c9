"""Fixtures that every test may ask for; each lives in a small module of its own."""

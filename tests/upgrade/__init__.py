"""Proves that an installation and its twins of an earlier commit go on under this one: `python -m tests.upgrade`."""

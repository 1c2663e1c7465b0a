"""Proves that no event is lost and none is stored twice, whatever fails: `python -m tests.loss` prints the counts."""

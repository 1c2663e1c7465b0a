"""Tests of the pictures of state machines."""

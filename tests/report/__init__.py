"""Tests of the report of an execution."""

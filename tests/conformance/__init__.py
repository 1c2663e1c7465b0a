"""Tests of the conformance command: on what conforms, and on what does not."""

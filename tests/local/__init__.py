"""Tests of the embedded cloud and of the stand-in for the clouds on the other side."""

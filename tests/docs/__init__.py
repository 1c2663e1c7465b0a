"""Holds the documentation to the code, and its commands to the product."""

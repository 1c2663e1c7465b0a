"""The product as it is shipped: its wheel, installed in an environment of its own, run by its command."""

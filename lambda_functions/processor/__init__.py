"""L2: runs a device's own code on its events."""

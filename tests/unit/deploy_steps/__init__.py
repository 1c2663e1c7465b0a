"""The tasks that are not a kind of resource, each on an emulated AWS."""

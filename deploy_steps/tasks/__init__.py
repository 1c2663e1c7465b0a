"""The tasks that are not a kind of resource: loading, locking, recording, packaging, proving."""

"""What builds and removes a twin: one file per kind of resource, each with create, destroy and info."""

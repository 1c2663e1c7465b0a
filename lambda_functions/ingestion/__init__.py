"""L2: takes events in from another cloud."""

"""L3: stores events that come from another cloud."""

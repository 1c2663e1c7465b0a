"""L2: stores an event here, or carries it to the Writer endpoint of another cloud."""

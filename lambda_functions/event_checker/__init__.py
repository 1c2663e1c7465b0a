"""L2: starts the actions of the conditions that an event fulfils."""

"""The state table: a twin's record, its lock, its history and its stored plan."""

"""One module for each thing a person does, without parsing and without printing."""

"""What a person runs: the command line, configuration, names, planning, installing, the embedded cloud."""

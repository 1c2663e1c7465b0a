"""What runs inside a twin: one folder per function, and what they share."""

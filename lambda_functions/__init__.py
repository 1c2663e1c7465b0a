"""What runs inside a twin: one folder per function, the core that they share, and an adapter for each cloud."""

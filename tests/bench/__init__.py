"""What the product costs in time and calls, against the least that the same resources can cost."""

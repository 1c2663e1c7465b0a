"""Writes the parts of the documentation that the code already says: nobody has to keep them up to date (pure)."""

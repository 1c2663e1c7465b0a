"""State machines as pictures: Amazon States Language in, SVG out (pure)."""

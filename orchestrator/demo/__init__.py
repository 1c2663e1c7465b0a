"""Shows the product at work to somebody who has never seen it, on the embedded cloud."""

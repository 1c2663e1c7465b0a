"""What the functions of a twin share: the inter-cloud contract, tokens, sending, storing, logs and metrics."""

"""What runs inside a twin, held to the inter-cloud contract."""

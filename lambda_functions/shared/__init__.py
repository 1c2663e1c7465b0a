"""The cloud-neutral core of the functions: the inter-cloud contract, and the port through which it uses its cloud."""

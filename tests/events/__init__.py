"""Deployments that events start, and events that deployments put, on the embedded cloud."""
